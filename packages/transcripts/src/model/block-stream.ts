import type { SessionEntry, Timestamp } from "@thulp-sessions/core";
import { BlockSplitter } from "../lines/block-splitter.ts";
import { decodeUtf8 } from "../lines/line-value.ts";
import { piecesOf } from "../lines/pieces.ts";
import type { TextFormat } from "../lines/text-format.ts";
import type { RecordParser } from "./agent-reader.ts";
import { sha256 } from "./derived-ids.ts";
import type { DocumentState } from "./file-state.ts";
import { SettledBytes } from "./settled-bytes.ts";
import { TranscriptEntries } from "./transcript-entries.ts";
import { type FinishedStream, MAX_LOOSE_TAIL_BYTES, type StreamItem } from "./transcript-stream.ts";

/** The bytes of a session in a text as an entry for each block. */
export class BlockStream {
  /** The blocks one behind the other are the file: nothing stands before or between them. */
  readonly document: DocumentState = { head: "" };
  readonly headSize = 0;
  readonly crlf = false;
  readonly bom = false;
  readonly #entries: TranscriptEntries;
  readonly #splitter: BlockSplitter;
  /** Of all bytes through the last block that has ended. */
  readonly #settled = new SettledBytes();

  /** @param before the time of blocks that come before the first one that says when it was written. */
  constructor(format: TextFormat, agent: string, session: string, parser: RecordParser, before: Timestamp) {
    this.#entries = new TranscriptEntries(agent, session, parser, before);
    this.#splitter = new BlockSplitter(format);
  }

  get times(): TranscriptEntries["times"] {
    return this.#entries.times;
  }

  /** What was read up to the end of the last block. */
  settled(): { readonly size: number; readonly sha256: string } {
    return this.#settled.state();
  }

  /** @param chunk is not kept. */
  *push(chunk: Buffer): Generator<StreamItem, void, undefined> {
    for (const part of this.#splitter.push(chunk)) {
      if (part.type === "piece") {
        yield this.#piece(part.bytes, part.last);
        continue;
      }
      this.#settled.add(part.bytes);
      yield this.#item(part.kind, part.bytes, this.#settled.size, false);
    }
  }

  #item(kind: string, bytes: Buffer, end: number, tail: boolean): StreamItem {
    const line = this.#entries.block(kind, bytes);
    return { entries: line.entries, size: bytes.length, end, kind: line.kind, line, tail, open: tail };
  }

  #piece(bytes: Buffer, last: boolean): StreamItem {
    const end = this.#settled.addPiece(bytes, last);
    const entries = [this.#entries.piece(bytes, last, false)];
    return { entries, size: bytes.length, end, kind: "raw", tail: false, open: !last };
  }

  /** @param settle the last block counts although something may be added to it. */
  finish(settle: boolean): FinishedStream {
    const { block, bytes, inPieces } = this.#splitter.finish();
    const inTail = inPieces && this.#settled.tailInPieces(bytes);
    if (inTail) {
      const items = bytes.length === 0 ? [] : [this.#tail([this.#entries.piece(bytes, false, false)], bytes)];
      this.#entries.endPieces();
      return { ...inTail, items, loose: undefined };
    }
    const rest = block ? Buffer.concat([block.bytes, bytes]) : bytes;
    const found = { size: rest.length, sha256: sha256(rest) };
    if (block && settle) {
      const items = [this.#item(block.kind, block.bytes, this.#settled.size + block.bytes.length, true)];
      if (bytes.length > 0) items.push(this.#item("blank", bytes, this.#settled.size + rest.length, true));
      return { ...found, items, loose: undefined };
    }
    if (rest.length <= MAX_LOOSE_TAIL_BYTES) {
      const text = decodeUtf8(rest);
      const loose = text === null ? { base64: rest.toString("base64") } : { text };
      return { ...found, items: [], loose: rest.length === 0 ? undefined : loose };
    }
    const entries = [...piecesOf(rest)].map((piece) => this.#entries.piece(Buffer.from(piece), false, false));
    this.#entries.endPieces();
    return { ...found, items: [this.#tail(entries, rest)], loose: undefined };
  }

  #tail(entries: readonly SessionEntry[], { length }: Buffer): StreamItem {
    return { entries, size: length, end: this.#settled.size + length, kind: "raw", tail: true, open: true };
  }
}

/** Is what was kept of the end of a text a block that counts when nothing is added to it any more? */
export function isWholeBlock(text: string): boolean {
  return text.endsWith("\n") && text.trim() !== "";
}
