import type { StoredEntry } from "@thulp-sessions/core";
import { decodeEntry } from "./codec.ts";
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
    const { bounds } = this.#state;
    const start = bounds[seq * 2] as number;
    const end = bounds[seq * 2 + 1] as number;
    if (start < this.#start || end > this.#start + this.#bytes.length) this.#readFrom(seq);
    const scanner = new JsonScanner(this.#bytes, start - this.#start);
    return storedEntry(this.#bytes, decodeEntry(scanner), seq);
  }

  #readFrom(seq: number): void {
    const { bounds, path, stamp, counts } = this.#state;
    let [first, last] = [seq, seq];
    for (;;) {
      const next = this.#step === 1 ? last + 1 : first - 1;
      const from = bounds[Math.min(first, next) * 2] as number;
      const to = bounds[Math.max(last, next) * 2 + 1] as number;
      if (next < 0 || next >= counts.entryCount || to - from > WINDOW_BYTES) break;
      if (this.#step === 1) last = next;
      else first = next;
    }
    const start = bounds[first * 2] as number;
    const read = readBytes(path, start, bounds[last * 2 + 1]);
    // Written to in place it keeps what it had; in the place of a replaced one stands another file.
    if (!read || !sameFile(read.stamp, stamp)) throw new FileReplaced();
    this.#bytes = read.bytes;
    this.#start = start;
  }
}
