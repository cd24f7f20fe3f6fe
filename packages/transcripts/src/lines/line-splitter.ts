import { MAX_LINE_BYTES, PIECE_BYTES, pieceEnd } from "./pieces.ts";

/** What a file consists of, in its order. */
export type LinePart =
  /** A line that has ended, without the byte 0x0A. */
  | { readonly type: "line"; readonly bytes: Buffer }
  /** A part of a line that is too long to be held; behind the last one the line has ended. */
  | { readonly type: "piece"; readonly bytes: Buffer; readonly last: boolean };

const NEWLINE = 0x0a;

/**
 * Splits bytes at 0x0A and nowhere else: other characters that look like line ends (U+2028, U+0085) may stand
 * in the strings of JSON. Holds at most a line of {@link MAX_LINE_BYTES}.
 */
export class LineSplitter {
  #held: Buffer[] = [];
  #length = 0;
  /** In the middle of a line of which pieces were given already. */
  #inPieces = false;

  /** @param chunk is not kept when the iteration has ended, so that its memory may be used again. */
  *push(chunk: Buffer): Generator<LinePart, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield* this.#lineEnded(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) return;
    this.#hold(Buffer.from(chunk.subarray(start)));
    if (this.#inPieces || this.#length > MAX_LINE_BYTES) yield* this.#givePieces();
  }

  /** The bytes behind the last line end, or the last piece of them. */
  finish(): { readonly rest: Buffer; readonly inPieces: boolean } {
    return { rest: this.#take(), inPieces: this.#inPieces };
  }

  *#lineEnded(bytes: Buffer): Generator<LinePart, void, undefined> {
    if (!this.#inPieces && this.#length + bytes.length <= MAX_LINE_BYTES) {
      // Most lines lie in one chunk and are not copied.
      if (this.#length === 0) yield { type: "line", bytes };
      else {
        this.#hold(bytes);
        yield { type: "line", bytes: this.#take() };
      }
      return;
    }
    this.#hold(bytes);
    yield* this.#givePieces();
    yield { type: "piece", bytes: this.#take(), last: true };
    this.#inPieces = false;
  }

  *#givePieces(): Generator<LinePart, void, undefined> {
    this.#inPieces = true;
    if (this.#length <= PIECE_BYTES) return;
    let rest = this.#take();
    while (rest.length > PIECE_BYTES) {
      const end = pieceEnd(rest);
      yield { type: "piece", bytes: rest.subarray(0, end), last: false };
      rest = rest.subarray(end);
    }
    this.#hold(rest);
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#length += bytes.length;
  }

  #take(): Buffer {
    const [first] = this.#held;
    const bytes = this.#held.length === 1 && first ? first : Buffer.concat(this.#held, this.#length);
    this.#held = [];
    this.#length = 0;
    return bytes;
  }
}
