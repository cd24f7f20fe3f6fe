import { crc32 } from "node:zlib";
import type { SessionEntry, Timestamp } from "@thulp-sessions/core";
import { encodeEntry, openEntry } from "../file-text/entry-text.ts";
import { CLOSING, ENTRY_ENDING, FIRST_SEPARATOR, SEPARATOR } from "../file-text/layout.ts";
import type { Range } from "./serde/serde.ts";

/** Entries that are appended as a whole or not at all. */
export interface Batch {
  readonly entries: readonly SessionEntry[];
  /** `updatedAt` of the session after them. */
  readonly updatedAt: Timestamp;
}

/** What an append writes over the closing, and where the entries stand in it. */
export interface AppendText {
  /** The new closing included. Good until the next text is made. */
  readonly bytes: Buffer;
  /** In the order of the batches. */
  readonly ranges: readonly Range[];
}

/**
 * The last entry of a batch carries the mark `batch`, every other one the mark `more`; the last entry of a
 * batch that another one follows in the same write is marked `grouped` too. From that a reader tells how far
 * an interrupted write has come, and a list, from the end of the file alone, whether its last write is whole
 * and which time it brought.
 */
export function encodeAppend(batches: readonly Batch[], isFirst: boolean): AppendText {
  const text = new TextBytes();
  const ranges: Range[] = [];
  const lastBatch = batches.findLastIndex(({ entries }) => entries.length > 0);
  let crc = 0;
  /** How far the checksum has come. */
  let checked = 0;
  let isWhole = false;
  for (let i = 0; i <= lastBatch; i++) {
    const { entries, updatedAt } = batches[i] as Batch;
    for (let j = 0; j < entries.length; j++) {
      const separator = isFirst && ranges.length === 0 ? FIRST_SEPARATOR : SEPARATOR;
      const start = text.length + separator.length;
      text.add(separator + openEntry(entries[j] as SessionEntry));
      if (j < entries.length - 1) text.add(MORE);
      else {
        crc = crc32(text.bytes(checked), crc);
        checked = text.length;
        const mark = batchMark(updatedAt, text.length, crc);
        isWhole = i === lastBatch;
        // In one piece: each costs as much as its bytes.
        text.add(mark + (isWhole ? ENTRY_ENDING + CLOSING : GROUPED));
      }
      ranges.push({ start, end: isWhole ? text.length - CLOSING.length : text.length });
    }
  }
  if (!isWhole) text.add(CLOSING);
  return { bytes: text.bytes(), ranges };
}

/**
 * The time of the session after the batch; how many bytes its write holds before this mark, and their CRC-32.
 */
function batchMark(updatedAt: Timestamp, length: number, crc: number): string {
  return `,\n      "batch": "${updatedAt} ${length} ${crc.toString(16)}"`;
}

/** Entries behind the opening bracket or behind others, without marks and without the closing of the file. */
export function encodeEntries(entries: readonly SessionEntry[], isFirst: boolean): AppendText {
  const text = new TextBytes();
  const ranges = entries.map((entry, i) => {
    text.add(isFirst && i === 0 ? FIRST_SEPARATOR : SEPARATOR);
    const start = text.length;
    text.add(encodeEntry(entry));
    return { start, end: text.length };
  });
  return { bytes: text.bytes(), ranges };
}

const MORE = `,\n      "more": true${ENTRY_ENDING}`;
const GROUPED = `,\n      "grouped": true${ENTRY_ENDING}`;

/** Reused by one text after the other, so that small ones need no buffer of their own. */
const room = Buffer.allocUnsafeSlow(64 * 1024);

/** A text that is put together as bytes: in `room` while it fits. */
class TextBytes {
  #buffer = room;
  length = 0;

  add(text: string): void {
    // No character takes more than three bytes for each of its units.
    if (this.length + text.length * 3 > this.#buffer.length) this.#makeRoom(Buffer.byteLength(text));
    this.length += this.#buffer.write(text, this.length);
  }

  bytes(start = 0): Buffer {
    return this.#buffer.subarray(start, this.length);
  }

  #makeRoom(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.length);
    this.#buffer = larger;
  }
}
