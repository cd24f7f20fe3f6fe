import { defaultParts, importedRecord, isImported } from "../entry-view/view-parts.ts";
import type { JsonObject, JsonValue } from "../model/json.ts";

/** Where contents keep what a person reads, the most telling first. */
const TELLING = [
  "text",
  "content",
  "message",
  "prompt",
  "output",
  "result",
  "command",
  "file_path",
  "path",
  "query",
  "url",
  "description",
] as const;

/** So many values are looked at before there is no preview. */
const MOST_VALUES = 1000;

/**
 * The beginning of what a person would read of a content, in one line; empty where there is no text. The
 * first text under a telling key (`text`, `content`, …) comes before any other.
 *
 * @param length in UTF-16 units, at most; one that is cut ends with `…`.
 */
export function previewText(content: JsonValue, length: number): string {
  const text = (isImported(content) ? importedText(content) : tellingText(content, values())) ?? "";
  // Of megabytes no more is looked at than can be shown.
  const line = text
    .slice(0, length * 4)
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length <= length ? line : `${line.slice(0, length - 1).toWellFormed()}…`;
}

function values(): { values: number } {
  return { values: MOST_VALUES };
}

/** Of what an import has stored: not what it says of the agent, nor what surrounds the message. */
function importedText(content: JsonValue): string | undefined {
  for (const part of defaultParts(content, { type: "user_message" }))
    if ("text" in part && /\S/.test(part.text.slice(0, 1000))) return part.text;
  const record = importedRecord(content);
  if (!record) return undefined;
  const inner = ["payload", "message", "data"].map((key) => record[key]).find((each) => each !== undefined);
  return tellingText(inner ?? record, values());
}

function tellingText(value: JsonValue, left: { values: number }): string | undefined {
  if (typeof value === "string") return /\S/.test(value.slice(0, 1000)) ? value : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return firstText(value, left);
  const object = value as JsonObject;
  for (const key of TELLING) {
    if (!Object.hasOwn(object, key)) continue;
    const found = firstText([object[key] as JsonValue], left);
    if (found !== undefined) return found;
  }
  return firstText(valuesOf(object), left);
}

function firstText(values: Iterable<JsonValue>, left: { values: number }): string | undefined {
  for (const value of values) {
    if (left.values-- <= 0) return undefined;
    const found = tellingText(value, left);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Not all at once: an object may have a million. */
function* valuesOf(object: JsonObject): Generator<JsonValue, void, undefined> {
  for (const key in object) if (Object.hasOwn(object, key)) yield object[key] as JsonValue;
}
