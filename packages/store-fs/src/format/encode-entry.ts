import { crc32 } from "node:zlib";
import type { EntryType, EntryTypeName, SessionEntry, Timestamp } from "@thulp-sessions/core";
import { CLOSING, ENTRY_ENDING, FIRST_SEPARATOR, SEPARATOR } from "./canonical-layout.ts";
import { ENTRY_TYPES, encodeEntryType } from "./serde/fields.ts";
import type { Range } from "./serde/serde.ts";

// What JSON.stringify would make of an entry as it stands in a session. Only the values go through it, since
// every append goes this way.

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
  const texts: string[] = [];
  const ranges: Range[] = [];
  const lastBatch = batches.findLastIndex(({ entries }) => entries.length > 0);
  let length = 0;
  let crc = 0;
  /** What the checksum does not cover yet. */
  let unchecked = "";
  for (let i = 0; i <= lastBatch; i++) {
    const { entries, updatedAt } = batches[i] as Batch;
    for (let j = 0; j < entries.length; j++) {
      const separator = isFirst && texts.length === 0 ? FIRST_SEPARATOR : SEPARATOR;
      const start = length + separator.length;
      const text = separator + openEntry(entries[j] as SessionEntry);
      length += Buffer.byteLength(text);
      let ending = MORE;
      if (j === entries.length - 1) {
        crc = crc32(unchecked + text, crc);
        unchecked = "";
        ending = batchMark(updatedAt, length, crc) + (i < lastBatch ? GROUPED : ENTRY_ENDING);
      } else unchecked += text;
      unchecked += ending;
      // Marks are ASCII.
      length += ending.length;
      texts.push(text, ending);
      ranges.push({ start, end: length });
    }
  }
  return { bytes: joined([...texts, CLOSING]), ranges };
}

/**
 * The time of the session after the batch; how many bytes its write holds before this mark, and their CRC-32.
 */
function batchMark(updatedAt: Timestamp, length: number, crc: number): string {
  return `,\n      "batch": "${updatedAt} ${length} ${crc.toString(16)}"`;
}

/** Entries behind the opening bracket or behind others, without marks and without the closing of the file. */
export function encodeEntries(entries: readonly SessionEntry[], isFirst: boolean): AppendText {
  const ranges: Range[] = [];
  const texts = entries.map((entry, i) => {
    const separator = isFirst && i === 0 ? FIRST_SEPARATOR : SEPARATOR;
    const text = encodeEntry(entry);
    const start = (ranges.at(-1)?.end ?? 0) + separator.length;
    ranges.push({ start, end: start + Buffer.byteLength(text) });
    return separator + text;
  });
  return { bytes: joined(texts), ranges };
}

const MORE = `,\n      "more": true${ENTRY_ENDING}`;
const GROUPED = `,\n      "grouped": true${ENTRY_ENDING}`;

/** Reused by one append after the other, so that small ones need no buffer of their own. */
const room = Buffer.allocUnsafeSlow(64 * 1024);

/** One string can hold that much, with a margin. */
const LONGEST_STRING = 256 * 1024 * 1024;

function joined(texts: readonly string[]): Buffer {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length > LONGEST_STRING) return Buffer.concat(texts.map((text) => Buffer.from(text)));
  const text = texts.join("");
  // No character takes more than three bytes for each of its units.
  return length * 3 > room.length ? Buffer.from(text) : room.subarray(0, room.write(text));
}

/** One entry as it stands between its separators. */
export function encodeEntry(entry: SessionEntry): string {
  return openEntry(entry) + ENTRY_ENDING;
}

/** Without its brace: marks may follow. */
function openEntry({ id, timestamp, entryType, content }: SessionEntry): string {
  return (
    `{\n      "id": "${id}",\n      "timestamp": ${timestamp},\n      "entry_type": ${typeText(entryType)},\n` +
    `      "content": ${valueText(content)}`
  );
}

function typeText(entryType: EntryType): string {
  return TEXT_OF_TYPE.get(entryType.type) ?? valueText(encodeEntryType(entryType));
}

/** A value as it stands behind a key of an entry. */
function valueText(value: unknown): string {
  return JSON.stringify({ e: [{ v: value }] }, null, 2).slice(BEFORE_VALUE.length, -BEHIND_VALUE.length);
}

const BEFORE_VALUE = '{\n  "e": [\n    {\n      "v": ';
const BEHIND_VALUE = "\n    }\n  ]\n}";

/** Of those that have nothing but their name. */
const TEXT_OF_TYPE: ReadonlyMap<EntryTypeName, string> = new Map(
  Object.entries(ENTRY_TYPES).flatMap(([type, fields]) =>
    fields.length === 0 ? [[type as EntryTypeName, valueText({ type })]] : [],
  ),
);
