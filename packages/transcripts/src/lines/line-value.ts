import type { JsonObject, JsonValue } from "@thulp-sessions/core";

/** What a line holds. From each of them the very bytes of the line can be made again. */
export type LineValue =
  /** A record; `raw` is the text of the line where writing the record would give another one. */
  | { readonly type: "record"; readonly record: JsonObject; readonly raw?: string }
  /** Nothing but white space, or nothing at all. */
  | { readonly type: "blank"; readonly text: string }
  /** No JSON object, or one that no store takes. */
  | { readonly type: "text"; readonly text: string }
  /** No UTF-8. */
  | { readonly type: "bytes"; readonly base64: string };

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

/** The bytes of a line, from what {@link readLine} made of it. */
export function lineBytes(value: {
  readonly record?: JsonValue | undefined;
  readonly raw?: string | undefined;
  readonly text?: string | undefined;
  readonly base64?: string | undefined;
}): Buffer {
  if (value.base64 !== undefined) return Buffer.from(value.base64, "base64");
  return Buffer.from(value.raw ?? value.text ?? JSON.stringify(value.record));
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
  if (Array.isArray(value)) return value.every((item) => isStorable(item, depth + 1, mayHoldHalves));
  const object = value as JsonObject;
  for (const key of Object.keys(object)) {
    if (mayHoldHalves && !key.isWellFormed()) return false;
    if (!isStorable(object[key] as JsonValue, depth + 1, mayHoldHalves)) return false;
  }
  return true;
}
