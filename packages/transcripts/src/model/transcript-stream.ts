import type { SessionEntry, Timestamp } from "@thulp-sessions/core";
import { LineSplitter } from "../lines/line-splitter.ts";
import { decodeUtf8, readLine } from "../lines/line-value.ts";
import { piecesOf } from "../lines/pieces.ts";
import type { RecordParser } from "./agent-reader.ts";
import { sha256 } from "./derived-ids.ts";
import { SettledBytes } from "./settled-bytes.ts";
import { type ReadLine, TranscriptEntries } from "./transcript-entries.ts";

/** A line of a file, or a part of a long one. */
export interface StreamItem {
  readonly entries: readonly SessionEntry[];
  /** Its bytes, with its line end. */
  readonly size: number;
  /** Where it ends in the file. */
  readonly end: number;
  readonly kind: "record" | "raw" | "blank";
  readonly line?: ReadLine;
  /** Behind the last line end of the file. */
  readonly tail: boolean;
  /** Its line has not ended. */
  readonly open: boolean;
}

/** What stands behind the last line end of a file. */
export interface FinishedStream {
  /** A whole record, or pieces of what is too long for the context. */
  readonly items: readonly StreamItem[];
  /** Anything else. */
  readonly loose: { readonly text: string } | { readonly base64: string } | undefined;
  readonly size: number;
  readonly sha256: string;
  /** It is the end of a JSON text that is whole. */
  readonly whole?: true;
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LINE_END = Buffer.from("\n");
const CR = 0x0d;
const EMPTY = Buffer.alloc(0);
/** What is behind the last line end is kept in the context up to this size, else in entries. */
export const MAX_LOOSE_TAIL_BYTES = 1024 * 1024;

/** The bytes of a file as entries, with what is needed to make the bytes again. Pure: it is given them. */
export class TranscriptStream {
  readonly #entries: TranscriptEntries;
  readonly #splitter = new LineSplitter();
  /** Of all bytes through the last line end. */
  readonly #settled = new SettledBytes();
  /** The first bytes, until it is known whether they are a byte order mark. */
  #start: Buffer | undefined = EMPTY;
  #bom = false;
  #crlf: boolean | undefined;

  /** @param before the time of records that come before the first one that says when it was written. */
  constructor(agent: string, session: string, parser: RecordParser, before: Timestamp) {
    this.#entries = new TranscriptEntries(agent, session, parser, before);
  }

  get times(): TranscriptEntries["times"] {
    return this.#entries.times;
  }

  /** How many lines were read: for each of them something is held. */
  get records(): number {
    return this.#entries.records;
  }

  /**
   * Goes on behind the last line end, whatever stood there when `finish` was called: it gave no items, and no
   * part of a line that is read in pieces.
   *
   * @param before as of the constructor.
   */
  resume(before: Timestamp): void {
    this.#entries.resume(before);
  }

  get crlf(): boolean {
    return this.#crlf === true;
  }

  get bom(): boolean {
    return this.#bom;
  }

  /** What was read up to the last line end. */
  settled(): { readonly size: number; readonly sha256: string } {
    return this.#settled.state();
  }

  /** @param chunk is not kept. */
  *push(chunk: Buffer): Generator<StreamItem, void, undefined> {
    let bytes = chunk;
    if (this.#start) {
      if (this.#start.length > 0) bytes = Buffer.concat([this.#start, chunk]);
      if (bytes.length < BOM.length) {
        this.#start = Buffer.from(bytes);
        return;
      }
      bytes = this.#takeBom(bytes);
    }
    yield* this.#split(bytes);
  }

  *#split(bytes: Buffer): Generator<StreamItem, void, undefined> {
    for (const part of this.#splitter.push(bytes)) {
      if (part.type === "line") yield this.#line(part.bytes);
      else yield this.#piece(part.bytes, part.last);
    }
  }

  #takeBom(bytes: Buffer): Buffer {
    this.#start = undefined;
    this.#bom = bytes.subarray(0, BOM.length).equals(BOM);
    if (!this.#bom) return bytes;
    this.#settled.add(BOM);
    return bytes.subarray(BOM.length);
  }

  #line(bytes: Buffer): StreamItem {
    const { line, otherEnd } = this.#withoutEnd(bytes);
    this.#settled.add(bytes);
    this.#settled.add(LINE_END);
    const read = this.#entries.line(line, otherEnd);
    const { entries, kind } = read;
    return {
      entries,
      size: bytes.length + 1,
      end: this.#settled.size,
      kind,
      line: read,
      tail: false,
      open: false,
    };
  }

  /** The first line decides which ends the lines of the file have. */
  #withoutEnd(bytes: Buffer): { line: Buffer; otherEnd: boolean } {
    const hasCr = bytes.at(-1) === CR;
    this.#crlf ??= hasCr;
    return {
      line: this.#crlf && hasCr ? bytes.subarray(0, -1) : bytes,
      otherEnd: this.#crlf && !hasCr,
    };
  }

  #piece(bytes: Buffer, last: boolean): StreamItem {
    const size = bytes.length + (last ? 1 : 0);
    const end = this.#settled.addPiece(bytes, last, "\n");
    const { line, otherEnd } = last ? this.#withoutEnd(bytes) : { line: bytes, otherEnd: false };
    const entries = [this.#entries.piece(line, last, otherEnd)];
    return { entries, size, end, kind: "raw", tail: false, open: !last };
  }

  /**
   * What stands behind the last line end.
   *
   * @param settle a whole record counts although its line has not ended.
   */
  finish(settle: boolean): FinishedStream {
    const begun: StreamItem[] = [];
    if (this.#start) begun.push(...this.#split(this.#takeBom(this.#start)));
    const { rest, inPieces } = this.#splitter.finish();
    const inTail = inPieces && this.#settled.tailInPieces(rest);
    if (inTail) {
      const items =
        rest.length === 0 ? begun : [...begun, this.#tailItem(this.#pieceOfTail(rest), rest.length)];
      this.#entries.endPieces();
      return { ...inTail, items, loose: undefined };
    }
    const found = { size: rest.length, sha256: sha256(rest) };
    if (rest.length === 0) return { ...found, items: begun, loose: undefined };
    if (settle && isWholeRecord(rest)) {
      const read = this.#entries.line(rest, false);
      return {
        ...found,
        items: [...begun, this.#tailItem(read.entries, rest.length, read)],
        loose: undefined,
      };
    }
    if (rest.length <= MAX_LOOSE_TAIL_BYTES) {
      const text = decodeUtf8(rest);
      const loose = text === null ? { base64: rest.toString("base64") } : { text };
      return { ...found, items: begun, loose };
    }
    const entries = [...piecesOf(rest)].flatMap((piece) => this.#pieceOfTail(Buffer.from(piece)));
    this.#entries.endPieces();
    return { ...found, items: [...begun, this.#tailItem(entries, rest.length)], loose: undefined };
  }

  #pieceOfTail(bytes: Buffer): SessionEntry[] {
    return [this.#entries.piece(bytes, false, false)];
  }

  #tailItem(entries: readonly SessionEntry[], size: number, line?: ReadLine): StreamItem {
    const kind = line?.kind ?? "raw";
    return {
      entries,
      size,
      end: this.#settled.size + size,
      kind,
      tail: true,
      open: true,
      ...(line && { line }),
    };
  }
}

/** Behind a carriage return a newline may be missing: the line would be another one then. */
export function isWholeRecord(bytes: Buffer): boolean {
  return bytes.at(-1) !== CR && readLine(bytes).type === "record";
}
