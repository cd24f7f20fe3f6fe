import { isAscii } from "node:buffer";
import fs from "node:fs";
import type { SessionId } from "@thulp-sessions/core";
import { cannotMatch, type SearchRequest, type Yielder } from "@thulp-sessions/core/store";
import { isRacy } from "../disk/file-clock.ts";
import { type FileStamp, sameStamp, toStamp } from "../disk/file-stamp.ts";
import { closeFile, openRegular, REFUSES_LINKS, readFully } from "../disk/read-file.ts";
import { bufferSource } from "../format/byte-window.ts";
import { isIntact } from "../session/load-state.ts";
import { IntactFiles } from "./intact-files.ts";

/** What is longer is read entry by entry: as one text it would be in memory several times. */
const LONGEST_BYTES = 16 * 1024 * 1024;
const FIRST_BUFFER_BYTES = 64 * 1024;
/** What is longer is looked through in steps between which others get their turn. */
const SHORT_BYTES = 1024 * 1024;

/**
 * Finds the files that a search need not read entry by entry: those in which certainly nothing matches and
 * which have no damage to warn of. That they have none is remembered while they stay as they are (`npm run
 * bench search-fs` compares the first search, the later ones, and bare reading).
 */
export class SearchPrefilter {
  readonly #intact = new IntactFiles();
  /** What was read last: of no use beyond that file. */
  #buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);

  /**
   * True when a search of the entries would neither find nor warn of anything. False when it is not certain.
   */
  async canSkip(
    id: SessionId,
    path: string,
    terms: SearchRequest["terms"],
    yielder: Yielder,
  ): Promise<boolean> {
    const now = Date.now();
    const read = this.#read(path);
    if (!read) return false;
    const { bytes, stamp } = read;
    const isLong = bytes.length > SHORT_BYTES;
    // In any other text a word can be spelled in several ways.
    if (!isAscii(bytes)) return false;
    if (isLong) await yielder.yieldIfDue();
    const text = bytes.toString("latin1");
    // Written as \u a letter is not to be seen.
    if (text.includes("\\u") || !cannotMatch(text, terms)) return false;
    if (this.#intact.has(id, stamp)) return true;
    if (isLong) await yielder.yieldIfDue();
    if (!isIntact(bufferSource(bytes))) return false;
    if (!isRacy(stamp.ctimeMs, now)) this.#intact.add(id, stamp);
    return true;
  }

  /** All of a file that nobody writes to at the same time, `undefined` of any other. */
  #read(path: string): { bytes: Buffer; stamp: FileStamp } | undefined {
    let descriptor: number | undefined;
    try {
      if (!REFUSES_LINKS && !fs.lstatSync(path).isFile()) return undefined;
      descriptor = openRegular(path);
      if (descriptor === undefined) return undefined;
      const stat = fs.fstatSync(descriptor);
      const { size } = stat;
      if (!stat.isFile() || size > LONGEST_BYTES) return undefined;
      const bytes = this.#bufferOf(size);
      if (readFully(descriptor, bytes, 0) !== size) return undefined;
      return sameStamp(stat, fs.fstatSync(descriptor)) ? { bytes, stamp: toStamp(stat) } : undefined;
    } catch {
      // The read of the entries reports what is wrong with it.
      return undefined;
    } finally {
      if (descriptor !== undefined) closeFile(descriptor);
    }
  }

  /** The shared one for a short file; a long one is still looked at when another search reads the next. */
  #bufferOf(size: number): Buffer {
    if (size > SHORT_BYTES) return Buffer.allocUnsafeSlow(size);
    if (size > this.#buffer.length)
      this.#buffer = Buffer.allocUnsafeSlow(Math.min(SHORT_BYTES, Math.max(size, 2 * this.#buffer.length)));
    return this.#buffer.subarray(0, size);
  }
}
