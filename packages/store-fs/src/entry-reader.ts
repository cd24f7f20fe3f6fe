import type { StoredEntry } from "@thulp-sessions/core";
import { decodeEntry, parseRange, plainEntry } from "./codec.ts";
import { readBytes, sameFile } from "./disk.ts";
import { JsonScanner } from "./json-scanner.ts";
import { type SessionState, storedEntry } from "./session-state.ts";

/** How much is read at once: as many entries as fit, one at least. */
const WINDOW_BYTES = 256 * 1024;

/** Thrown when the file is another one than that of the state. */
export class FileReplaced extends Error {}

/** Reads entries from where a state says they stand, some at a time. */
export class EntryReader {
  readonly #state: SessionState;
  readonly #step: 1 | -1;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(state: SessionState, direction: "asc" | "desc") {
    this.#state = state;
    this.#step = direction === "asc" ? 1 : -1;
  }

  /** Throws {@link FileReplaced}. */
  read(seq: number): StoredEntry {
    const { index, plain } = this.#state;
    const start = index.startOf(seq);
    const end = index.endOf(seq);
    if (start < this.#start || end > this.#start + this.#bytes.length) this.#readFrom(seq);
    const from = start - this.#start;
    if (!plain) return storedEntry(this.#bytes, decodeEntry(new JsonScanner(this.#bytes, from)), seq);
    // These bytes have been checked when the state was made of them: what is left is the engine's own parser.
    const entry = plainEntry(parseRange(this.#bytes, { start: from, end: end - this.#start }), seq);
    return index.isInexact(seq) ? { ...entry, inexact: true } : entry;
  }

  #readFrom(seq: number): void {
    const { index, path, stamp } = this.#state;
    let [first, last] = [seq, seq];
    for (;;) {
      const next = this.#step === 1 ? last + 1 : first - 1;
      if (next < 0 || next >= index.count) break;
      if (index.endOf(Math.max(last, next)) - index.startOf(Math.min(first, next)) > WINDOW_BYTES) break;
      if (this.#step === 1) last = next;
      else first = next;
    }
    const start = index.startOf(first);
    const read = readBytes(path, start, index.endOf(last));
    // Written to in place it keeps what it had; in the place of a replaced one stands another file.
    if (!read || !sameFile(read.stamp, stamp)) throw new FileReplaced();
    this.#bytes = read.bytes;
    this.#start = start;
  }
}
