/** How much of a file is in memory while it is read from front to back; more where one value is longer. */
const WINDOW_BYTES = 256 * 1024;

/** Fills a buffer from a place in a file, and gives how many bytes there were. */
export type ReadInto = (into: Buffer, start: number) => number;

/** A stretch of a file that slides over it from front to back. */
export class ByteWindow {
  /** What is in memory now. */
  bytes: Buffer;
  /** Where in the file that begins. */
  base = 0;
  #size: number;
  #buffer: Buffer;
  readonly #readInto: ReadInto;

  /** @param length of the window, at first. */
  constructor(size: number, readInto: ReadInto, length = WINDOW_BYTES) {
    this.#size = size;
    this.#readInto = readInto;
    this.#buffer = Buffer.allocUnsafe(Math.min(size, length));
    this.bytes = this.#buffer.subarray(0, readInto(this.#buffer, 0));
  }

  /** A file that is in memory as a whole. */
  static over(bytes: Buffer): ByteWindow {
    const window = new ByteWindow(0, () => 0);
    window.bytes = bytes;
    window.#size = bytes.length;
    return window;
  }

  /** Nothing of the file follows. */
  get atEnd(): boolean {
    return this.base + this.bytes.length >= this.#size;
  }

  /** Lets go of what stands before `from` (from the start of the window) and brings what follows. False at the end. */
  slide(from: number): boolean {
    if (this.atEnd) return false;
    const kept = this.bytes.length - from;
    const room = kept * 2 > this.#buffer.length ? this.#buffer.length * 2 : this.#buffer.length;
    const buffer = room === this.#buffer.length ? this.#buffer : Buffer.allocUnsafe(room);
    this.bytes.copy(buffer, 0, from);
    this.base += from;
    const end = Math.min(room, this.#size - this.base);
    const length = this.#readInto(buffer.subarray(kept, end), this.base + kept);
    this.#buffer = buffer;
    this.bytes = buffer.subarray(0, kept + length);
    if (length === 0) this.#size = this.base + kept;
    return length > 0;
  }
}
