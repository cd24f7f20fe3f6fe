import { HeldBytes } from "./held-bytes.ts";
import { MAX_LINE_BYTES } from "./pieces.ts";

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
  readonly #held = new HeldBytes();
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
    this.#held.add(Buffer.from(chunk.subarray(start)));
    if (this.#inPieces || this.#held.length > MAX_LINE_BYTES) yield* this.#givePieces();
  }

  /** The bytes behind the last line end, or the last piece of them. */
  finish(): { readonly rest: Buffer; readonly inPieces: boolean } {
    return { rest: this.#held.take(), inPieces: this.#inPieces };
  }

  *#lineEnded(bytes: Buffer): Generator<LinePart, void, undefined> {
    if (!this.#inPieces && this.#held.length + bytes.length <= MAX_LINE_BYTES) {
      // Most lines lie in one chunk and are not copied.
      if (this.#held.length === 0) yield { type: "line", bytes };
      else {
        this.#held.add(bytes);
        yield { type: "line", bytes: this.#held.take() };
      }
      return;
    }
    this.#held.add(bytes);
    yield* this.#givePieces();
    yield { type: "piece", bytes: this.#held.take(), last: true };
    this.#inPieces = false;
  }

  *#givePieces(): Generator<LinePart, void, undefined> {
    this.#inPieces = true;
    for (const bytes of this.#held.takePieces()) yield { type: "piece", bytes, last: false };
  }
}
