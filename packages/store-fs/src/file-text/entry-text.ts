import type { EntryType, EntryTypeName, SessionEntry } from "@thulp-sessions/core";
import { ENTRY_TYPES, encodeEntryType } from "./fields.ts";
import { ENTRY_ENDING } from "./layout.ts";

// What JSON.stringify would make of an entry as it stands in a session. Only the values go through it, since
// every append goes this way.

/** One entry as it stands between its separators. */
export function encodeEntry(entry: SessionEntry): string {
  return openEntry(entry) + ENTRY_ENDING;
}

/** The same without its brace: marks may follow. */
export function openEntry({ id, timestamp, entryType, content }: SessionEntry): string {
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
