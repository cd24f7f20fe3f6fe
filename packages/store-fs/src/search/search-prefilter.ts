import fs from "node:fs";
import type { SessionId } from "@thulp-sessions/core";
import type { SearchRequest } from "@thulp-sessions/core/store";
import { cannotMatch } from "@thulp-sessions/core/store";
import { isPast } from "../disk/file-clock.ts";
import { type CoarseStamp, sameCoarseStamp } from "../disk/file-stamp.ts";
import { closeFile, NO_FOLLOW } from "../disk/read-file.ts";
import { textOf } from "../format/codec.ts";
import { isSound } from "../format/file-scan.ts";
import { SoundFiles } from "./intact-files.ts";

/** What is longer is read entry by entry: as one text it would be in memory several times. */
const LONGEST = 16 * 1024 * 1024;
const FIRST_BUFFER = 64 * 1024;

/**
 * Finds out at a glance which files a search need not read entry by entry: those of which it is certain that nothing in them
 * matches and that they have no damage to be warned of. That they have none is remembered for as long as they stay as they are.
 */
export class FileGlance {
  readonly #sound = new SoundFiles();
  /** What is read last: of no use beyond that file. */
  #buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER);

  /** True when a search of the entries would neither find nor warn of anything. False when it is not certain. */
  canPassOver(id: SessionId, path: string, terms: SearchRequest["terms"]): boolean {
    const now = Date.now();
    const read = this.#read(path);
    if (!read) return false;
    const { bytes, stamp } = read;
    // Written as \u a letter is not to be seen.
    const text = textOf(bytes);
    if (text.includes("\\u") || !cannotMatch(text, terms)) return false;
    if (this.#sound.has(id, stamp)) return true;
    if (!isSound(bytes)) return false;
    if (isPast(stamp.ctimeMs, now)) this.#sound.add(id, stamp);
    return true;
  }

  /** All of a file that nobody writes to at the same time, `undefined` of any other. */
  #read(path: string): { bytes: Buffer; stamp: CoarseStamp } | undefined {
    let descriptor: number;
    try {
      if (NO_FOLLOW === 0 && !fs.lstatSync(path).isFile()) return undefined;
      descriptor = fs.openSync(path, fs.constants.O_RDONLY | NO_FOLLOW);
    } catch {
      // Whoever reads the entries says what is wrong with it.
      return undefined;
    }
    try {
      const stat = fs.fstatSync(descriptor);
      const { size } = stat;
      if (!stat.isFile() || size > LONGEST) return undefined;
      if (size > this.#buffer.length)
        this.#buffer = Buffer.allocUnsafeSlow(Math.min(LONGEST, Math.max(size, 2 * this.#buffer.length)));
      if (fs.readSync(descriptor, this.#buffer, 0, size, 0) !== size) return undefined;
      if (!sameCoarseStamp(stat, fs.fstatSync(descriptor))) return undefined;
      const { dev, ino, mtimeMs, ctimeMs } = stat;
      return { bytes: this.#buffer.subarray(0, size), stamp: { dev, ino, size, mtimeMs, ctimeMs } };
    } catch {
      return undefined;
    } finally {
      closeFile(descriptor);
    }
  }
}
