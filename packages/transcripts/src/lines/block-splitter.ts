import { LineSplitter } from "./line-splitter.ts";
import type { LineKind, TextFormat } from "./text-format.ts";

/** What a text consists of, in its order; put together again these are its bytes. */
export type TextPart =
  /** A block, with the blank lines before it; of what is joined over blank lines, with one behind it. */
  | { readonly type: "block"; readonly kind: string; readonly bytes: Buffer }
  /** A part of a line that is too long to be held. */
  | { readonly type: "piece"; readonly bytes: Buffer; readonly last: boolean };

/** What stands behind the last block that has ended. */
export interface TextRest {
  /** A block to which nothing need be added, but may: its lines have ended. */
  readonly block: { readonly kind: string; readonly bytes: Buffer } | null;
  /** What is in no block: blank lines, a line that has not ended; without `block` all of the rest. */
  readonly bytes: Buffer;
  /** Pieces of the line that has not ended were given already. */
  readonly inPieces: boolean;
}

/** A longer block ends with its line; what follows is another one of its kind. */
const MAX_BLOCK_BYTES = 1024 * 1024;
const NEWLINE = Buffer.from("\n");
const BOM = "\ufeff";

/**
 * Splits a text into blocks. Where a block ends depends on the bytes up to there alone, but for the last one:
 * whether it has ended is only known when something else follows.
 */
export class BlockSplitter {
  readonly #format: TextFormat;
  readonly #lines = new LineSplitter();
  /** Of the block that is open, with the blank lines before it; blank lines alone where none is. */
  #held: Buffer[] = [];
  #heldSize = 0;
  #open: LineKind | undefined;
  /** Blank lines behind the block that is open: within it, if it goes on. */
  #blank: Buffer[] = [];
  #inPieces = false;

  constructor(format: TextFormat) {
    this.#format = format;
  }

  /** @param chunk is not kept. */
  *push(chunk: Buffer): Generator<TextPart, void, undefined> {
    for (const part of this.#lines.push(chunk)) {
      if (part.type === "line") yield* this.#line(Buffer.concat([part.bytes, NEWLINE]));
      else {
        yield* this.#close();
        yield* this.#giveHeld();
        this.#inPieces = !part.last;
        const bytes = part.last ? Buffer.concat([part.bytes, NEWLINE]) : Buffer.from(part.bytes);
        yield { type: "piece", bytes, last: part.last };
      }
    }
  }

  finish(): TextRest {
    const { rest, inPieces } = this.#lines.finish();
    if (inPieces || this.#inPieces) return { block: null, bytes: rest, inPieces: true };
    if (!this.#open || rest.length > 0) {
      const bytes = Buffer.concat([...this.#held, ...this.#blank, rest]);
      return { block: null, bytes, inPieces: false };
    }
    const [first, ...others] = this.#blank;
    const bytes = Buffer.concat(first ? [...this.#held, first] : this.#held);
    return { block: { kind: this.#open.kind, bytes }, bytes: Buffer.concat(others), inPieces: false };
  }

  *#line(bytes: Buffer): Generator<TextPart, void, undefined> {
    const line = lineText(bytes);
    if (line.trim() === "") {
      if (this.#open?.joins === "paragraphs") this.#blank.push(bytes);
      else {
        yield* this.#close();
        this.#hold(bytes);
      }
      return;
    }
    const found = this.#format.lineKind(line, this.#open?.kind);
    const isMore = this.#open?.kind === found.kind && !found.starts && this.#heldSize < MAX_BLOCK_BYTES;
    if (isMore) {
      for (const blank of this.#blank) this.#hold(blank);
      this.#blank = [];
    } else yield* this.#close();
    this.#hold(bytes);
    this.#open = found;
    if (found.joins === "none") yield* this.#close();
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldSize += bytes.length;
  }

  *#close(): Generator<TextPart, void, undefined> {
    if (!this.#open) return;
    const { kind } = this.#open;
    const [first, ...others] = this.#blank;
    if (first) this.#held.push(first);
    yield { type: "block", kind, bytes: Buffer.concat(this.#held) };
    this.#open = undefined;
    this.#held = others;
    this.#heldSize = others.reduce((sum, { length }) => sum + length, 0);
    this.#blank = [];
  }

  /** Blank lines before what is given in pieces. */
  *#giveHeld(): Generator<TextPart, void, undefined> {
    if (this.#held.length > 0) yield { type: "block", kind: "blank", bytes: Buffer.concat(this.#held) };
    this.#held = [];
    this.#heldSize = 0;
  }
}

/** A line without its end and without a byte order mark before it; what is no UTF-8 in it, replaced. */
export function lineText(bytes: Buffer): string {
  const text = bytes.toString("utf8").replace(/\r?\n$/, "");
  return text.startsWith(BOM) ? text.slice(BOM.length) : text;
}
