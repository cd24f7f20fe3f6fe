import type { JsonObject, JsonValue } from "@thulp-sessions/core";

/** What a line holds. From each of them the very bytes of the line can be made again. */
export type LineValue =
  /**
   * A record; `raw` is the text of the line where writing the record would give another one. Of a record that
   * is written over several lines with nothing unusual, `indent` is enough.
   */
  | { readonly type: "record"; readonly record: JsonObject; readonly raw?: string; readonly indent?: Indent }
  /** Nothing but white space, or nothing at all. */
  | { readonly type: "blank"; readonly text: string }
  /** No JSON object, or one that no store takes. */
  | { readonly type: "text"; readonly text: string }
  /** No UTF-8. */
  | { readonly type: "bytes"; readonly base64: string };

/** How a record is formatted: by what each level is indented, and what stands before all of its lines. */
export type Indent = { readonly unit: string; readonly base: string };

/** A record lies one level deep in the content of its entry, of which 120 levels are taken. */
const MAX_RECORD_DEPTH = 119;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of UTF-8, or `null` where the bytes are something else. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/** What a line holds, whatever is in it. */
export function readLine(bytes: Uint8Array): LineValue {
  const text = decodeUtf8(bytes);
  if (text === null) return { type: "bytes", base64: Buffer.from(bytes).toString("base64") };
  if (/^\s*$/.test(text)) return { type: "blank", text };
  const record = parseRecord(text);
  if (record === null) return { type: "text", text };
  return JSON.stringify(record) === text ? { type: "record", record } : { type: "record", record, raw: text };
}

/** What a record of a file holds that is formatted for people; else the same as {@link readLine}. */
export function readIndented(bytes: Uint8Array): LineValue {
  const value = readLine(bytes);
  if (value.type !== "record" || value.raw === undefined) return value;
  const [, first] = /^[{[]\n([ \t]+)/.exec(value.raw) ?? [];
  const [, base = ""] = /\n([ \t]*)[}\]]$/.exec(value.raw) ?? [];
  if (first === undefined || !first.startsWith(base)) return value;
  const indent = { unit: first.slice(base.length), base };
  return indented(value.record, indent) === value.raw
    ? { type: "record", record: value.record, indent }
    : value;
}

function indented(record: JsonValue, { unit, base }: Indent): string {
  // A line end in a string is written as an escape, so that these are all between values.
  return JSON.stringify(record, null, unit).replaceAll("\n", `\n${base}`);
}

/** The bytes of a line, from what {@link readLine} made of it. */
export function lineBytes(value: {
  readonly record?: JsonValue | undefined;
  readonly raw?: string | undefined;
  readonly indent?: Indent | undefined;
  readonly text?: string | undefined;
  readonly base64?: string | undefined;
}): Buffer {
  if (value.base64 !== undefined) return Buffer.from(value.base64, "base64");
  const text = value.raw ?? value.text;
  if (text !== undefined) return Buffer.from(text);
  const record = value.record ?? null;
  return Buffer.from(value.indent ? indented(record, value.indent) : JSON.stringify(record));
}

/** The JSON object of a text, or `null` where it is none, or one that a store would refuse. */
export function parseRecord(text: string): JsonObject | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  // In what was UTF-8 half a character can only stand as an escape.
  const mayHoldHalves = /\\u[dD][89a-fA-F]/.test(text);
  return isStorable(value as JsonValue, 1, mayHoldHalves) ? (value as JsonObject) : null;
}

/** Stores refuse halves of characters, what is too deep, and what is no finite number. */
function isStorable(value: JsonValue, depth: number, mayHoldHalves: boolean): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string") return !mayHoldHalves || value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  if (depth > MAX_RECORD_DEPTH) return false;
  // Of each record of a history: without a closure for each list, and an array of keys for each object.
  if (Array.isArray(value)) {
    for (const item of value) if (!isStorable(item, depth + 1, mayHoldHalves)) return false;
    return true;
  }
  const object = value as JsonObject;
  for (const key in object) {
    if (mayHoldHalves && !key.isWellFormed()) return false;
    if (!isStorable(object[key] as JsonValue, depth + 1, mayHoldHalves)) return false;
  }
  return true;
}
