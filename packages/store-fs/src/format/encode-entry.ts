import type { EntryType, EntryTypeName, SessionEntry } from "@thulp-sessions/core";
import { CLOSING, FIRST_SEPARATOR, SEPARATOR } from "./canonical-layout.ts";
import { ENTRY_TYPES, encodeEntryType, type Range } from "./codec.ts";

// What JSON.stringify would make of an entry as it stands in a session. Only the values go through it, since every
// append goes this way.

/** What an append writes over the closing, and where the entries stand in it. */
export interface AppendText {
  /** The new closing included. Good until the next text is made. */
  readonly bytes: Buffer;
  /** In the order of the batches. */
  readonly ranges: readonly Range[];
}

/**
 * Each batch but the last of one write is marked `grouped`, each entry of a batch but the last `more`: from that a reader
 * tells how far a torn write has come. Batches without entries are none.
 */
export function appendText(batches: readonly (readonly SessionEntry[])[], first: boolean): AppendText {
  const texts: string[] = [];
  const lastBatch = batches.findLastIndex((batch) => batch.length > 0);
  batches.forEach((batch, i) => {
    batch.forEach((entry, j) => {
      const mark = j < batch.length - 1 ? "more" : i < lastBatch ? "grouped" : undefined;
      texts.push(entryText(entry, mark));
    });
  });
  const separator = first ? FIRST_SEPARATOR : SEPARATOR;
  const bytes = bytesOf(separator + texts.join(SEPARATOR) + CLOSING);
  // Most come alone.
  if (texts.length === 1)
    return { bytes, ranges: [{ start: separator.length, end: bytes.length - CLOSING.length }] };
  let start = separator.length;
  const ranges = texts.map((text): Range => {
    const range = { start, end: start + Buffer.byteLength(text) };
    start = range.end + SEPARATOR.length;
    return range;
  });
  return { bytes, ranges };
}

/** Filled by one append after the other, so that none has to make a buffer. */
const room = Buffer.allocUnsafeSlow(64 * 1024);

function bytesOf(text: string): Buffer {
  // No character takes more than three bytes for each of its units.
  return text.length * 3 > room.length ? Buffer.from(text) : room.subarray(0, room.write(text));
}

/** Entries as they stand behind the opening bracket, with the closing of the file. */
export function entriesText(entries: readonly SessionEntry[]): string {
  if (entries.length === 0) return CLOSING;
  return FIRST_SEPARATOR + entries.map((entry) => entryText(entry)).join(SEPARATOR) + CLOSING;
}

/** One entry as it stands between its separators. */
export function entryText(
  { id, timestamp, entryType, content }: SessionEntry,
  mark?: "more" | "grouped",
): string {
  const end = mark === undefined ? "\n    }" : `,\n      "${mark}": true\n    }`;
  return (
    `{\n      "id": "${id}",\n      "timestamp": ${timestamp},\n      "entry_type": ${typeText(entryType)},\n` +
    `      "content": ${valueText(content)}${end}`
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
