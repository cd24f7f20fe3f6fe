import { HeldBytes } from "./held-bytes.ts";
import { decodeUtf8 } from "./line-value.ts";
import { MAX_LINE_BYTES } from "./pieces.ts";

/** What a file that is one JSON text consists of, in its order; put together again these are its bytes. */
export type DocumentPart =
  /** Everything before the first record of its list. */
  | { readonly type: "head"; readonly text: string; readonly bytes: Buffer }
  /** A record, and what stands between it and the one before; nothing for the first one. */
  | { readonly type: "record"; readonly before: string; readonly bytes: Buffer }
  /** A part of a record that is too long to be held; what stands before it is in the first one. */
  | { readonly type: "piece"; readonly bytes: Buffer; readonly last: boolean }
  /** It is no such text: from here on its bytes as they are. */
  | { readonly type: "other"; readonly bytes: Buffer };

/** What is left when the file has ended. */
export interface DocumentRest {
  /** Everything behind the last record: the end of the text, or a torn record; without a list, all of it. */
  readonly bytes: Buffer;
  /** Pieces of the torn record were given already. */
  readonly inPieces: boolean;
}

/** A head, or what stands between two records: what is longer has no list that is looked for. */
const MAX_HEAD_BYTES = 256 * 1024;
const MAX_BEFORE_BYTES = 256;
const MAX_KEY_BYTES = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const BOM: readonly number[] = [0xef, 0xbb, 0xbf];
const EMPTY = Buffer.alloc(0);

/**
 * Splits a JSON text at the records of its one long list: the text itself where it is a list, else the list
 * under one of some keys of its object. It only looks at brackets and quotes: whether a record is JSON is for
 * others to say. Behind the list, or where something else stands in it, the rest of the file is one.
 */
export class DocumentSplitter {
  readonly #keys: ReadonlySet<string>;
  #state: "head" | "between" | "record" | "rest" | "other" = "head";
  readonly #held = new HeldBytes();
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  /** Of the head: where it began, and the last key of the object. */
  #isBegun = false;
  #string: number[] | undefined;
  #key: string | undefined;
  /** What stands before the record that is read. */
  #before = "";
  #isHeadGiven = false;
  #kind: "nested" | "string" | "scalar" = "scalar";
  #inPieces = false;

  /** @param keys under which the list may stand in an object. */
  constructor(keys: readonly string[]) {
    this.#keys = new Set(keys);
  }

  /** @param chunk is not kept. */
  *push(chunk: Buffer): Generator<DocumentPart, void, undefined> {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      switch (this.#state) {
        case "head":
          this.#head(byte);
          break;
        case "between":
          // The byte of a record's beginning is looked at as one of the record.
          if (!isBetween(byte)) {
            yield* this.#begin(byte, chunk.subarray(start, at));
            start = at;
            if ((this.#state as string) === "record") this.#isEnd(byte);
          }
          break;
        case "record": {
          const isScalar = this.#kind === "scalar";
          if (!this.#isEnd(byte)) break;
          // A scalar ends before the byte that is none of it.
          const end = isScalar ? at : at + 1;
          yield* this.#end(chunk.subarray(start, end));
          start = end;
          if (isScalar) at--;
          break;
        }
        default:
          at = chunk.length;
      }
    }
    if (this.#state === "other") {
      if (this.#held.length > 0) yield { type: "other", bytes: this.#held.take() };
      if (start < chunk.length) yield { type: "other", bytes: chunk.subarray(start) };
      return;
    }
    this.#held.add(Buffer.from(chunk.subarray(start)));
    if (!this.#isHeadGiven && this.#held.length > MAX_HEAD_BYTES) {
      this.#state = "other";
      yield { type: "other", bytes: this.#held.take() };
    } else if (this.#state === "between" && this.#isHeadGiven && this.#held.length > MAX_BEFORE_BYTES)
      this.#state = "rest";
    if (this.#inPieces || this.#held.length > MAX_LINE_BYTES) yield* this.#givePieces();
  }

  finish(): DocumentRest {
    const before = this.#state === "record" && !this.#inPieces ? Buffer.from(this.#before) : EMPTY;
    return { bytes: Buffer.concat([before, this.#held.take()]), inPieces: this.#inPieces };
  }

  /** Looks for the list. */
  #head(byte: number): void {
    if (this.#inString) {
      this.#string?.push(byte);
      if ((this.#string?.length ?? 0) > MAX_KEY_BYTES) this.#string = undefined;
      if (this.#closesString(byte)) this.#string?.pop();
      return;
    }
    if (isSpace(byte) || BOM.includes(byte)) return;
    if (!this.#isBegun) {
      this.#isBegun = true;
      if (byte === OPEN_LIST) this.#state = "between";
      else if (byte === OPEN_OBJECT) this.#depth = 1;
      else this.#state = "other";
      return;
    }
    if (byte === QUOTE) {
      this.#inString = true;
      this.#string = this.#depth === 1 && this.#key === undefined ? [] : undefined;
    } else if (this.#depth === 1 && byte === COLON)
      this.#key = this.#string ? Buffer.from(this.#string).toString() : "";
    else if (this.#depth === 1 && byte === COMMA) this.#key = undefined;
    else if (this.#depth === 1 && byte === OPEN_LIST && this.#key && this.#keys.has(this.#key))
      this.#state = "between";
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.#depth++;
    else if ((byte === CLOSE_LIST || byte === CLOSE_OBJECT) && --this.#depth === 0) this.#state = "other";
  }

  /** A byte in the list that no space or comma is. */
  *#begin(byte: number, behind: Buffer): Generator<DocumentPart, void, undefined> {
    this.#held.add(Buffer.from(behind));
    const isFirst = !this.#isHeadGiven;
    if (isFirst) {
      const bytes = this.#held.take();
      const text = bytes.length > MAX_HEAD_BYTES ? null : decodeUtf8(bytes);
      if (text === null) {
        this.#state = "other";
        yield { type: "other", bytes };
        return;
      }
      this.#isHeadGiven = true;
      yield { type: "head", text, bytes };
    }
    const isEnd = byte === CLOSE_LIST || byte === CLOSE_OBJECT || byte === COLON;
    if (isEnd || this.#held.length > MAX_BEFORE_BYTES) {
      this.#state = "rest";
      return;
    }
    this.#before = this.#held.take().toString();
    this.#state = "record";
    this.#depth = 0;
    this.#inString = false;
    this.#kind = byte === OPEN_LIST || byte === OPEN_OBJECT ? "nested" : byte === QUOTE ? "string" : "scalar";
  }

  /** Does the record end with this byte; a scalar, before it? */
  #isEnd(byte: number): boolean {
    if (this.#kind === "scalar") return isBetween(byte) || byte === CLOSE_LIST || byte === CLOSE_OBJECT;
    if (this.#inString) return this.#closesString(byte) && this.#kind === "string";
    if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.#depth++;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) return --this.#depth <= 0;
    return false;
  }

  #closesString(byte: number): boolean {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      return true;
    }
    return false;
  }

  *#end(bytes: Buffer): Generator<DocumentPart, void, undefined> {
    this.#state = "between";
    if (!this.#inPieces && this.#held.length + bytes.length <= MAX_LINE_BYTES) {
      let record = bytes;
      if (this.#held.length > 0) {
        this.#held.add(bytes);
        record = this.#held.take();
      }
      yield { type: "record", before: this.#before, bytes: record };
    } else {
      this.#held.add(Buffer.from(bytes));
      yield* this.#givePieces();
      yield { type: "piece", bytes: this.#held.take(), last: true };
      this.#inPieces = false;
    }
    this.#before = "";
  }

  *#givePieces(): Generator<DocumentPart, void, undefined> {
    if (!this.#inPieces && this.#state !== "rest") this.#held.addBefore(Buffer.from(this.#before));
    this.#inPieces = true;
    for (const bytes of this.#held.takePieces()) yield { type: "piece", bytes, last: false };
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isBetween(byte: number): boolean {
  return isSpace(byte) || byte === COMMA;
}
