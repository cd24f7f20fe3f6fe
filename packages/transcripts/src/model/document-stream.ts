import type { JsonObject, SessionEntry, Timestamp } from "@thulp-sessions/core";
import { type DocumentPart, DocumentSplitter } from "../lines/document-splitter.ts";
import { decodeUtf8, parseRecord } from "../lines/line-value.ts";
import { piecesOf } from "../lines/pieces.ts";
import type { RecordParser } from "./agent-reader.ts";
import { sha256 } from "./derived-ids.ts";
import type { DocumentState } from "./file-state.ts";
import { SettledBytes } from "./settled-bytes.ts";
import { TranscriptEntries } from "./transcript-entries.ts";
import {
  type FinishedStream,
  MAX_LOOSE_TAIL_BYTES,
  type StreamItem,
  TranscriptStream,
} from "./transcript-stream.ts";

/**
 * The bytes of a file that is one JSON text, as an entry for each record of its list and one for what stands
 * around the list. Such files are always written as a whole; what has not changed gives the same entries
 * again. A file that is no such text is read line by line.
 */
export class DocumentStream {
  readonly #of: ConstructorParameters<typeof TranscriptStream>;
  readonly #entries: TranscriptEntries;
  readonly #splitter: DocumentSplitter;
  #lines: TranscriptStream | undefined;
  /** Of all bytes through the last record. */
  readonly #settled = new SettledBytes();
  #head: string | undefined;
  #headSize = 0;
  #records = 0;
  #separator: string | undefined;

  /**
   * @param keys under which the list may stand.
   * @param before the time of records that come before the first one that says when it was written.
   */
  constructor(
    keys: readonly string[],
    agent: string,
    session: string,
    parser: RecordParser,
    before: Timestamp,
  ) {
    this.#of = [agent, session, parser, before];
    this.#entries = new TranscriptEntries(agent, session, parser, before);
    this.#splitter = new DocumentSplitter(keys);
  }

  get times(): TranscriptEntries["times"] {
    return (this.#lines ?? this.#entries).times;
  }

  get crlf(): boolean {
    return this.#lines?.crlf ?? false;
  }

  get bom(): boolean {
    return this.#lines?.bom ?? false;
  }

  /** What is needed beside the entries to make the file again. */
  get document(): DocumentState | undefined {
    if (this.#head === undefined) return undefined;
    return { head: this.#head, ...(this.#separator !== undefined && { separator: this.#separator }) };
  }

  /** What stands before the first record: in no item. */
  get headSize(): number {
    return this.#headSize;
  }

  /** What was read up to the last record. */
  settled(): { readonly size: number; readonly sha256: string } {
    return this.#lines?.settled() ?? this.#settled.state();
  }

  /** @param chunk is not kept. */
  *push(chunk: Buffer): Generator<StreamItem, void, undefined> {
    if (this.#lines) return yield* this.#lines.push(chunk);
    for (const part of this.#splitter.push(chunk)) yield* this.#part(part);
  }

  *#part(part: DocumentPart): Generator<StreamItem, void, undefined> {
    switch (part.type) {
      case "other":
        this.#lines ??= new TranscriptStream(...this.#of);
        yield* this.#lines.push(part.bytes);
        break;
      case "head":
        this.#head = part.text;
        this.#headSize = part.bytes.length;
        this.#settled.add(part.bytes);
        break;
      case "record":
        yield this.#record(part.bytes, part.before);
        break;
      case "piece":
        yield this.#piece(part.bytes, part.last);
    }
  }

  #record(bytes: Buffer, before: string): StreamItem {
    this.#count(before);
    this.#settled.add(Buffer.from(before));
    this.#settled.add(bytes);
    const size = before.length + bytes.length;
    // Before the first one nothing stands that is not in the head.
    const line = this.#entries.listed(bytes, before, this.#separator ?? "");
    const { entries, kind } = line;
    return { entries, size, end: this.#settled.size, kind, line, tail: false, open: false };
  }

  /** What stands before the second record stands before most of them. */
  #count(before: string): void {
    if (++this.#records === 2) this.#separator = before;
  }

  #piece(bytes: Buffer, last: boolean): StreamItem {
    if (last) this.#count("");
    const end = this.#settled.addPiece(bytes, last);
    const entries = [this.#entries.piece(bytes, last, false)];
    return { entries, size: bytes.length, end, kind: "raw", tail: false, open: !last };
  }

  /** @param settle a whole record counts although its line has not ended. */
  finish(settle: boolean): FinishedStream {
    if (this.#lines) return this.#lines.finish(settle);
    const { bytes, inPieces } = this.#splitter.finish();
    const inTail = inPieces && this.#settled.tailInPieces(bytes);
    if (inTail) {
      const items = bytes.length === 0 ? [] : [this.#tail([this.#entries.piece(bytes, false, false)], bytes)];
      this.#entries.endPieces();
      return { ...inTail, items, loose: undefined };
    }
    const of = { size: bytes.length, sha256: sha256(bytes) };
    if (bytes.length > MAX_LOOSE_TAIL_BYTES) {
      const pieces = [...piecesOf(bytes)].map((piece) =>
        this.#entries.piece(Buffer.from(piece), false, false),
      );
      this.#entries.endPieces();
      return { ...of, items: [this.#tail(pieces, bytes)], loose: undefined };
    }
    const text = decodeUtf8(bytes);
    const loose = text === null ? { base64: bytes.toString("base64") } : { text };
    const around = text === null ? null : this.#around(text);
    if (!around) return { ...of, items: [], loose };
    const line = this.#entries.head(around);
    const end = this.#settled.size + bytes.length;
    const head: StreamItem = {
      entries: line.entries,
      size: 0,
      end,
      kind: "record",
      line,
      tail: false,
      open: false,
    };
    return { ...of, items: [head], loose, whole: true };
  }

  #tail(entries: readonly SessionEntry[], { length }: Buffer): StreamItem {
    return { entries, size: length, end: this.#settled.size + length, kind: "raw", tail: true, open: true };
  }

  /** The text without its records, as a record; `null` where it is none. */
  #around(end: string): JsonObject | null {
    return this.#head === undefined ? null : parseRecord(this.#head.replace(/^\ufeff/, "") + end);
  }
}
