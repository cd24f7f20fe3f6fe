import { FormatError } from "./serde/format-error.ts";

/** How much of a file is in memory while it is read from front to back; more where one value is longer. */
const WINDOW_BYTES = 256 * 1024;

/** What is longer cannot be held as a string. */
const LONGEST_WINDOW = 128 * 1024 * 1024;

/** Bytes that can be read from any place. */
export interface ByteSource {
  readonly size: number;
  /** Fills the buffer from a place on, and gives how many bytes there were. */
  readInto(into: Buffer, start: number): number;
}

/** A stretch of a file that slides over it from front to back. */
export class ByteWindow {
  /** What is in memory now. May be changed in place: these are the window's own bytes. */
  bytes: Buffer;
  /** Where in the file that begins. */
  base = 0;
  readonly source: ByteSource;
  #size: number;
  #buffer: Buffer;

  /** @param length of the window, at first. */
  constructor(source: ByteSource, length = WINDOW_BYTES) {
    this.source = source;
    this.#size = source.size;
    this.#buffer = Buffer.allocUnsafe(Math.min(source.size, length));
    this.bytes = this.#buffer.subarray(0, source.readInto(this.#buffer, 0));
  }

  /** No more of the file follows. */
  get atEnd(): boolean {
    return this.base + this.bytes.length >= this.#size;
  }

  /**
   * Drops what stands before `from` (from the start of the window) and reads what follows. False at the end.
   *
   * @throws {FormatError} unsupported when what is kept is longer than a string can be.
   */
  slide(from: number): boolean {
    if (this.atEnd) return false;
    const kept = this.bytes.length - from;
    if (kept * 2 > LONGEST_WINDOW)
      throw new FormatError(`a value of more than ${LONGEST_WINDOW / 2} bytes`, from, "unsupported");
    // A value that is longer than the window is read again from its start: by few large steps.
    const longer = Math.min(LONGEST_WINDOW, this.#buffer.length * 4);
    const room = kept * 2 > this.#buffer.length ? longer : this.#buffer.length;
    const buffer = room === this.#buffer.length ? this.#buffer : Buffer.allocUnsafe(room);
    this.bytes.copy(buffer, 0, from);
    this.base += from;
    const end = Math.min(room, this.#size - this.base);
    const length = this.source.readInto(buffer.subarray(kept, end), this.base + kept);
    this.#buffer = buffer;
    this.bytes = buffer.subarray(0, kept + length);
    if (length === 0) this.#size = this.base + kept;
    return length > 0;
  }
}

/** Bytes that are in memory as a whole. */
export function bufferSource(bytes: Buffer): ByteSource {
  return {
    size: bytes.length,
    readInto: (into, start) => (start < bytes.length ? bytes.copy(into, 0, start) : 0),
  };
}
