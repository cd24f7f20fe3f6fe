import { PIECE_BYTES, pieceEnd } from "./pieces.ts";

/** Bytes that came in chunks and wait for more. */
export class HeldBytes {
  #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @param bytes is kept. */
  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Puts bytes before all that are held. */
  addBefore(bytes: Buffer): void {
    this.#chunks.unshift(bytes);
    this.#length += bytes.length;
  }

  /** All of them; none are held then. */
  take(): Buffer {
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [];
    this.#length = 0;
    return bytes;
  }

  /** Those that fill pieces; what is left is held on. */
  *takePieces(): Generator<Buffer, void, undefined> {
    if (this.#length <= PIECE_BYTES) return;
    let rest = this.take();
    while (rest.length > PIECE_BYTES) {
      const end = pieceEnd(rest);
      yield rest.subarray(0, end);
      rest = rest.subarray(end);
    }
    this.add(rest);
  }
}
