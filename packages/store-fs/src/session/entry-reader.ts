import type { StoredEntry } from "@thulp-sessions/core";
import { type FileStamp, sameFile, sameStamp } from "../disk/file-stamp.ts";
import { type ReadableFile, withReadableFile } from "../disk/read-file.ts";
import { decodeEntry, type PlainEntry, plainEntry, textOf } from "../format/codec.ts";
import { JsonScanner } from "../format/json-scanner.ts";
import { type SessionState, storedEntry } from "./session-state.ts";

/**
 * How much is read and parsed at once: as many entries as fit, one at least. So large that calls do not count, so small
 * that text and buffer stay in the processor's cache and among the young objects.
 */
const CHUNK_BYTES = 64 * 1024;

const OPEN = "[".charCodeAt(0);
const CLOSE = "]".charCodeAt(0);

/** Thrown when the file is another one than that of the state. */
export class FileReplaced extends Error {}

/** All entries of a state. Throws {@link FileReplaced}. */
export function readAllEntries(state: SessionState): StoredEntry[] {
  return withEntries(state, (reader) => {
    const entries: StoredEntry[] = [];
    for (let seq = 0; seq < state.index.count; ) {
      const chunk = reader.chunk(seq, 1, state.index.count);
      entries.push(...chunk);
      seq += chunk.length;
    }
    // What others of ours append meanwhile stands behind what was read, and leaves it as it is.
    const stamp = reader.stamp();
    const grown = state.ours && sameFile(stamp, state.stamp) && stamp.size > state.stamp.size;
    if (!grown && !sameStamp(stamp, state.stamp)) throw new FileReplaced();
    return entries;
  });
}

/** Opens the file of a state for reading entries. Throws {@link FileReplaced}. */
export function withEntries<T>(state: SessionState, use: (reader: EntryReader) => T): T {
  const result = withReadableFile(state.path, (file) => {
    // Written to in place it keeps what it had; in the place of a replaced one stands another file.
    if (!sameFile(file.stamp(), state.stamp)) throw new FileReplaced();
    return { value: use(new EntryReader(state, file)) };
  });
  if (!result) throw new FileReplaced();
  return result.value;
}

/** Reads entries from where a state says they stand, some at a time. */
export class EntryReader {
  readonly #state: SessionState;
  readonly #file: ReadableFile;
  #buffer = Buffer.alloc(0);

  constructor(state: SessionState, file: ReadableFile) {
    this.#state = state;
    this.#file = file;
  }

  stamp(): FileStamp {
    return this.#file.stamp();
  }

  /**
   * The entry and those that follow it in the direction, as many as are read at once, at least it.
   *
   * @param direction 1 or -1.
   * @param atMost no more than so many.
   */
  chunk(seq: number, direction: 1 | -1, atMost: number): StoredEntry[] {
    const { index } = this.#state;
    let [first, last] = [seq, seq];
    while (last - first + 1 < atMost) {
      const next = direction === 1 ? last + 1 : first - 1;
      if (next < 0 || next >= index.count) break;
      if (index.endOf(Math.max(last, next)) - index.startOf(Math.min(first, next)) > CHUNK_BYTES) break;
      if (direction === 1) last = next;
      else first = next;
    }
    const entries = this.#read(first, last);
    return direction === 1 ? entries : entries.reverse();
  }

  #read(first: number, last: number): StoredEntry[] {
    const { index, plain } = this.#state;
    const start = index.startOf(first);
    const length = index.endOf(last) - start;
    if (this.#buffer.length < length + 2)
      this.#buffer = Buffer.allocUnsafe(Math.max(length, CHUNK_BYTES) + 2);
    const bytes = this.#buffer.subarray(0, length + 2);
    if (this.#file.readInto(bytes.subarray(1, length + 1), start) !== length) throw new FileReplaced();
    const base = start - 1;
    if (!plain) {
      return Array.from({ length: last - first + 1 }, (_, i) => {
        const scanner = new JsonScanner(bytes, index.startOf(first + i) - base);
        return storedEntry(bytes, decodeEntry(scanner), first + i);
      });
    }
    // These bytes were checked when the state was made of them: what is left is the engine's own parser.
    bytes[0] = OPEN;
    bytes[length + 1] = CLOSE;
    const parsed = JSON.parse(textOf(bytes)) as readonly PlainEntry[];
    if (parsed.length !== last - first + 1) throw new FileReplaced();
    return parsed.map((entry, i) => {
      const seq = first + i;
      const read = plainEntry(entry, seq);
      return index.isInexact(seq) ? { ...read, inexact: true } : read;
    });
  }
}
