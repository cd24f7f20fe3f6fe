import { type JsonValue, setKey } from "../model/json.ts";

/** Objects with one of these as their only key are what JSON cannot hold as it is. */
const JSON_TEXT = "~json";
const BYTES = "~bytes";
/** Stands for the text of the entries that follow; see {@link contentEntries}. */
export const PARTS = "~parts";
const MARKS: readonly string[] = [JSON_TEXT, BYTES, PARTS];

/** Deeper contents become a text: a content may have 120 levels, and views put some around it. */
const MAX_DEPTH = 100;
/** The walk is recursive: with the usual stack of every engine it goes so deep. */
const MAX_WALK = 2000;

/**
 * Any value as a content that every store takes: what `JSON.stringify` makes of it, `toJSON` included, but
 * `null` where that gives nothing, and with these exceptions, all of which {@link decodeContent} undoes. A
 * `Uint8Array` is `{"~bytes": base64}`. A value with half a surrogate pair in a string or a key, or deeper
 * than 100 levels, is `{"~json": its JSON text}` as a whole, and so is, at its place, an object whose only
 * key is `~json`, `~bytes` or `~parts`. Every property is read once.
 *
 * @throws {TypeError} for a cycle, a bigint, a getter that throws, and more than 2,000 levels. It quotes no
 *   content.
 */
export function encodeContent(value: unknown): JsonValue {
  return measuredContent(value).content;
}

/** The same, and how many bytes the content takes as JSON at most. */
export function measuredContent(value: unknown): {
  readonly content: JsonValue;
  readonly mostBytes: number;
} {
  const state: Encoding = { ancestors: new Set(), isPlain: true, depth: 0, mostBytes: 0 };
  const content = reading(() => encode(value, "", 0, state)) ?? null;
  if (state.isPlain && state.depth <= MAX_DEPTH) return { content, mostBytes: state.mostBytes };
  const text = JSON.stringify(content);
  // A text in a text: each quote and each backslash takes one byte more.
  return { content: { [JSON_TEXT]: text }, mostBytes: state.mostBytes * 2 };
}

/** What {@link encodeContent} was given, as far as JSON holds it: a fresh value that shares nothing. */
export function decodeContent(content: JsonValue): unknown {
  const mark = markOf(content);
  if (mark === undefined) return decodeChildren(content);
  const held = (content as Readonly<Record<string, JsonValue>>)[mark];
  try {
    if (mark === JSON_TEXT && typeof held === "string") return decodeChildren(JSON.parse(held));
    if (mark === BYTES && typeof held === "string") return fromBase64(held);
  } catch {
    // Nothing of ours: another program wrote an object that looks so.
  }
  return decodeChildren(content);
}

/** Each byte is an argument of a call. A multiple of three: nothing is padded but at the end. */
const PIECE = 3 * 2730;

/** Bytes as base64 (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let i = 0; i < bytes.length; i += PIECE)
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(i, i + PIECE))));
  return pieces.join("");
}

/** @throws what `atob` throws for other texts. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

interface Encoding {
  readonly ancestors: Set<object>;
  /** Every string and key so far is well-formed. */
  isPlain: boolean;
  /** The deepest level so far. */
  depth: number;
  mostBytes: number;
}

/** A number, a word or brackets, with a comma. */
const SMALL_BYTES = 27;
/** Of a UTF-16 unit as JSON: a control character. */
const UNIT_BYTES = 6;

/** @returns undefined for what `JSON.stringify` leaves out. */
function encode(given: unknown, key: string, level: number, state: Encoding): JsonValue | undefined {
  const value = primitiveOf(jsonForm(given, key));
  state.mostBytes += SMALL_BYTES;
  switch (typeof value) {
    case "string":
      return text(value, state);
    case "number":
      return Number.isFinite(value) ? value + 0 : null;
    case "boolean":
      return value;
    case "bigint":
      throw new Refusal("The value holds a bigint, which JSON cannot hold.");
    case "object":
      if (value === null) return null;
      return encodeObject(value, level + 1, state);
    default:
      return undefined;
  }
}

function encodeObject(value: object, level: number, state: Encoding): JsonValue {
  if (state.ancestors.has(value)) throw new Refusal("The value contains itself, which JSON cannot hold.");
  if (level > MAX_WALK) throw new Refusal(`The value is nested more than ${MAX_WALK} levels deep.`);
  const before = { isPlain: state.isPlain, depth: Math.max(state.depth, level) };
  state.depth = before.depth;
  if (value instanceof Uint8Array) return { [BYTES]: text(toBase64(value), state) };
  state.ancestors.add(value);
  const encoded = Array.isArray(value) ? items(value, level, state) : properties(value, level, state);
  state.ancestors.delete(value);
  if (markOf(encoded) === undefined) return encoded;
  // What lies within is escaped in the text: it makes nothing around it ill-formed or deep.
  Object.assign(state, before);
  state.mostBytes *= 2;
  return { [JSON_TEXT]: JSON.stringify(encoded) };
}

function items(value: readonly unknown[], level: number, state: Encoding): JsonValue[] {
  const encoded: JsonValue[] = [];
  const { length } = value;
  for (let i = 0; i < length; i++) encoded.push(encode(value[i], String(i), level, state) ?? null);
  return encoded;
}

function properties(value: object, level: number, state: Encoding): JsonValue {
  const encoded: Record<string, JsonValue> = {};
  for (const key of Object.keys(value)) {
    const property = encode((value as Record<string, unknown>)[key], key, level, state);
    if (property !== undefined) setKey(encoded, text(key, state), property);
  }
  return encoded;
}

function text(value: string, state: Encoding): string {
  state.mostBytes += value.length * UNIT_BYTES;
  state.isPlain &&= value.isWellFormed();
  return value;
}

/** What `toJSON` gives, where there is one; bytes are kept although `Buffer` has one. */
function jsonForm(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const toJson: unknown = (value as Record<string, unknown>)["toJSON"];
  return typeof toJson === "function" ? toJson.call(value, key) : value;
}

/** `new String("a")` is `"a"` in JSON. */
function primitiveOf(value: unknown): unknown {
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return value.valueOf();
  return value;
}

/** A refusal of ours, whose message quotes nothing; for callers it is a `TypeError`. */
class Refusal extends TypeError {}

/** The message of what the caller's own code throws may quote a content: it is not passed on. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) throw new TypeError(error.message);
    if (error instanceof RangeError) throw new TypeError("The value is nested too deep for the stack.");
    throw new TypeError("The value cannot be read: a getter, a toJSON or a proxy in it throws.");
  }
}

/** Its only key, where that is a mark. */
function markOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const keys = Object.keys(value);
  return keys.length === 1 && MARKS.includes(keys[0] as string) ? keys[0] : undefined;
}

function decodeChildren(content: JsonValue): unknown {
  if (typeof content !== "object" || content === null) return content;
  if (Array.isArray(content)) return content.map(decodeContent);
  const decoded: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(content)) setKey(decoded, key, decodeContent(value));
  return decoded;
}
