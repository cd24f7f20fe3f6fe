import { runStepsInTurns } from "../async/steps.ts";
import { Yielder } from "../async/yielder.ts";
import { invalidInput } from "../model/errors.ts";
import type { SessionId } from "../model/ids.ts";
import type { JsonObject, JsonValue } from "../model/json.ts";
import type { SessionStore } from "../store/session-store.ts";
import { cutJson } from "./cut-json.ts";
import { entryAt } from "./entry-page.ts";
import { jsonBytesSteps } from "./json-bytes.ts";

/** Which part of the content of an entry. */
export interface PartQuery {
  readonly seq: number;
  /** A JSON pointer (RFC 6901) into the content; the whole content when absent. */
  readonly pointer?: string | undefined;
  /** Of a string in UTF-16 units, of an array or object in items; 0 when absent. */
  readonly offset?: number | undefined;
  /** What the part may take as JSON text: 256 to 1,048,576 bytes, 65,536 when absent. */
  readonly bytes?: number | undefined;
}

/** A value in an array or object, cut where it is long. */
export interface PartItem {
  /** Of an object, or the index as text. */
  readonly key: string;
  readonly value: JsonValue;
  /** What the whole value takes as JSON text; absent where it is whole. */
  readonly truncated?: { readonly bytes: number };
}

/** A part of a content. `length` and `nextOffset` count as `offset` does; `null`: there is no more. */
export type EntryPart =
  | {
      readonly type: "string";
      readonly text: string;
      readonly length: number;
      readonly nextOffset: number | null;
    }
  | {
      readonly type: "array" | "object";
      readonly items: readonly PartItem[];
      readonly length: number;
      readonly nextOffset: number | null;
    }
  /** A number, a boolean or `null`. */
  | { readonly type: "value"; readonly value: JsonValue }
  /** There is no such entry, or nothing at the pointer. */
  | { readonly type: "missing" };

const PART_BYTES = 65_536;
/** Of each item of an array or object, so that more than one fits. */
const ITEM_SHARE = 16;

/** @throws {SessionError} not_found; invalid_input for a pointer that is none. */
export async function entryPart(
  store: SessionStore,
  id: SessionId,
  { seq, pointer = "", offset = 0, bytes = PART_BYTES }: PartQuery,
): Promise<EntryPart> {
  const path = parsePointer(pointer);
  const { entry } = await entryAt(store, id, seq);
  const value = entry === null ? undefined : valueAt(entry.content, path);
  if (value === undefined) return { type: "missing" };
  if (typeof value === "string") return textPart(value, offset, bytes);
  if (typeof value !== "object" || value === null) return { type: "value", value };
  const keys = Array.isArray(value) ? null : Object.keys(value);
  const length = keys?.length ?? (value as readonly JsonValue[]).length;
  const items: PartItem[] = [];
  const yielder = new Yielder();
  let left = bytes;
  for (let at = offset; at < length; at++) {
    const key = keys ? (keys[at] as string) : String(at);
    const item = await partItem(key, (value as JsonObject)[key] as JsonValue, bytes / ITEM_SHARE, yielder);
    left -= item.bytes;
    if (left < 0 && items.length > 0)
      return { type: keys ? "object" : "array", items, length, nextOffset: at };
    items.push(item.item);
  }
  return { type: keys ? "object" : "array", items, length, nextOffset: null };
}

function textPart(whole: string, offset: number, bytes: number): EntryPart {
  // Not in the middle of a character.
  const unit = whole.charCodeAt(offset);
  const from = offset > 0 && unit >= 0xdc00 && unit < 0xe000 ? offset - 1 : offset;
  const text = cutJson(whole.slice(from, from + bytes).replace(/[\ud800-\udbff]$/, ""), bytes);
  const next = from + text.length;
  return { type: "string", text, length: whole.length, nextOffset: next < whole.length ? next : null };
}

async function partItem(key: string, whole: JsonValue, bytes: number, yielder: Yielder) {
  const value = cutJson(whole, Math.floor(bytes));
  const bytesOf = (each: JsonValue) => runStepsInTurns(jsonBytesSteps(each), yielder);
  const item: PartItem =
    value === whole ? { key, value } : { key, value, truncated: { bytes: await bytesOf(whole) } };
  return { item, bytes: await bytesOf(item as unknown as JsonValue) };
}

function parsePointer(pointer: string): string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer))
    throw invalidInput("pointer: expected a JSON pointer such as /text, or nothing for the whole content.", {
      field: "pointer",
    });
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function valueAt(content: JsonValue, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = content;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    if (Array.isArray(value) && !/^(?:0|[1-9]\d*)$/.test(key)) return undefined;
    value = (value as JsonObject)[key];
  }
  return value;
}
