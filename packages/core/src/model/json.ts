// Longer than most files: copies of JSON, what they refuse, and what is compared and frozen belong together.
import { invalidInput, SessionError } from "./errors.ts";

/** Plain JSON: what `JSON.parse` can give and `JSON.stringify` writes without loss. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A {@link JsonValue} that is an object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/**
 * How deep arrays and objects may be nested in what is written. The original refuses to read more than 124
 * levels.
 */
export const MAX_JSON_DEPTH = 120;

/**
 * Checks that `value` is a {@link JsonValue} and gives a copy that shares nothing with it. Every property is
 * read once, so that the copy is what was checked, whatever getters and proxies are in the value.
 *
 * @param field names the value in the error, e.g. `entries[0].content`.
 * @param maxLength refuses what certainly takes more characters as JSON, before all of it is copied: an
 *   object that occurs in several places is copied for each of them.
 * @throws {SessionError} invalid_input for anything JSON cannot hold without loss (undefined, NaN, bigint,
 *   dates, class instances, cycles, holes in arrays, symbol keys, keys that are not enumerable, lone
 *   surrogates), for what cannot be read (a getter that throws), and for more than {@link MAX_JSON_DEPTH}
 *   levels.
 */
export function copyJson(
  value: unknown,
  field: string,
  maxLength: number = Number.POSITIVE_INFINITY,
): JsonValue {
  return copyJsonMeasured(value, field, maxLength).copied;
}

/** Bounds of the length of a value as JSON: at least in characters, at most in bytes of UTF-8. */
export interface JsonLength {
  readonly least: number;
  readonly most: number;
}

/** {@link copyJson}, and how long the value is as JSON. */
export function copyJsonMeasured(
  value: unknown,
  field: string,
  maxLength: number,
): { copied: JsonValue; length: JsonLength } {
  const measure: Measure = { field, maxLength, maxDepth: MAX_JSON_DEPTH, path: [], least: 0, most: 0 };
  const copied = readArgument(field, () => copy(value, measure));
  return { copied, length: measure };
}

/**
 * The same for an object whose values may each be as deep as a {@link JsonValue} may.
 *
 * @throws {SessionError} invalid_input, also for anything but a plain object.
 */
export function copyJsonObject(value: unknown, field: string): JsonObject {
  if (typeof value !== "object" || value === null)
    throw invalidInput(`${field}: expected an object.`, { field });
  return readArgument(field, () => {
    if (Array.isArray(value)) throw invalidInput(`${field}: expected an object.`, { field });
    const maxLength = Number.POSITIVE_INFINITY;
    return copyObject(value, { field, maxLength, maxDepth: MAX_JSON_DEPTH + 1, path: [], least: 0, most: 0 });
  });
}

/**
 * Runs `read`, which reads a caller's argument. What a getter or a proxy in the argument throws becomes a
 * refusal; its message is not repeated, since it may quote a content.
 *
 * @throws {SessionError} invalid_input
 */
export function readArgument<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof SessionError && cause.code === "invalid_input") throw cause;
    throw new SessionError(
      "invalid_input",
      `${field} cannot be read: a getter or a proxy in it throws. Give plain data.`,
      { cause, details: { field } },
    );
  }
}

/**
 * The own properties of an object that is not JSON itself, such as an entry or the options of a call, each
 * read once. What it holds is not copied. Instances of classes are taken.
 *
 * @throws {SessionError} invalid_input for keys that are symbols or not enumerable, which would get lost.
 */
export function ownProperties(value: object, field: string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of plainKeys(value, field)) setKey(result, key, (value as Record<string, unknown>)[key]);
  return result;
}

/** How deep an argument may be nested: a filter, level by level an array in an object. */
const MAX_ARGUMENT_DEPTH = 256;
/**
 * How many values an argument may hold. Only a bound: an object that occurs many times is copied each time.
 */
const MAX_ARGUMENT_VALUES = 1_000_000;

/**
 * A copy of an argument that a schema checks (a query, a filter, options, metadata), so that what the schema
 * checks is what is used. Values that are no JSON are left for the schema to refuse.
 *
 * @throws {SessionError} invalid_input for what cannot be read, and for symbols and keys that are not
 *   enumerable.
 */
export function copyArgument(value: unknown, field: string): unknown {
  let values = 0;
  const copyValue = (part: unknown, path: string, depth: number): unknown => {
    if (typeof part !== "object" || part === null) return part;
    if (depth >= MAX_ARGUMENT_DEPTH)
      throw invalidInput(`${field} is nested more than ${MAX_ARGUMENT_DEPTH} levels deep.`, { field });
    if (Array.isArray(part)) {
      const items: unknown[] = [];
      for (let i = 0; i < part.length; i++) items.push(copyItem(part[i], path, i, depth));
      return items;
    }
    const result: Record<string, unknown> = {};
    for (const key of plainKeys(part, path))
      setKey(result, key, copyItem((part as Record<string, unknown>)[key], path, key, depth));
    return result;
  };
  // Where it stands is made a text only for what has parts: of thousands of ids it would cost more than they.
  const copyItem = (item: unknown, path: string, key: string | number, depth: number): unknown => {
    if (++values > MAX_ARGUMENT_VALUES)
      throw invalidInput(`${field} holds more than ${MAX_ARGUMENT_VALUES} values.`, { field });
    if (typeof item !== "object" || item === null) return item;
    return copyValue(item, fieldOf(path, String(key)), depth + 1);
  };
  return readArgument(field, () => copyValue(value, field, 0));
}

/** The length of a value as JSON, as far as it has been read, and how long it may become. */
interface Measure extends JsonLength {
  readonly field: string;
  readonly maxLength: number;
  readonly maxDepth: number;
  /** Where in the value the copy is: made a text only for an error, since that costs more than copying. */
  readonly path: (string | number)[];
  least: number;
  most: number;
}

function add(measure: Measure, least: number, most: number): void {
  measure.least += least;
  measure.most += most;
  const { field, maxLength } = measure;
  if (measure.least > maxLength)
    throw invalidInput(`${field} is longer than ${maxLength} bytes as JSON.`, { field });
}

/** A UTF-16 unit takes at most six bytes (\u0000); then there are quotes and a comma. */
function addString(measure: Measure, text: string): void {
  add(measure, text.length + 2, text.length * 6 + 3);
}

/** The longest text of a number, with a comma. */
const MAX_NUMBER_LENGTH = 26;

function copy(value: unknown, measure: Measure): JsonValue {
  switch (typeof value) {
    case "string":
      addString(measure, value);
      if (!value.isWellFormed()) throw refused(measure, "has a lone surrogate (half of a character)");
      return value;
    case "number":
      add(measure, 1, MAX_NUMBER_LENGTH);
      if (!Number.isFinite(value)) throw refused(measure, `is ${value}, which JSON cannot hold`);
      // JSON.stringify writes -0 as 0: what is kept is what will be read.
      return value === 0 ? 0 : value;
    case "boolean":
      add(measure, 1, MAX_NUMBER_LENGTH);
      return value;
    case "object": {
      add(measure, 1, MAX_NUMBER_LENGTH);
      if (value === null) return null;
      if (measure.path.length >= measure.maxDepth) {
        // Without the path, which names every level.
        throw invalidInput(
          `${measure.field} is nested more than ${MAX_JSON_DEPTH} levels deep, or contains itself.`,
          { field: measure.field },
        );
      }
      return Array.isArray(value) ? copyArray(value, measure) : copyObject(value, measure);
    }
    default:
      throw refused(
        measure,
        `is ${value === undefined ? "undefined" : `a ${typeof value}`}, which JSON cannot hold`,
      );
  }
}

/** @param problem what is wrong with the value at the place where the copy is. */
function refused({ field, path }: Measure, problem: string): SessionError {
  const place = path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : fieldOf(text, part)),
    field,
  );
  return invalidInput(`${place} ${problem}.`, { field: place });
}

function copyArray(value: readonly unknown[], measure: Measure): JsonValue {
  // Not allocated at its full length: of a sparse array that would be memory for nothing.
  const result: JsonValue[] = [];
  const { length } = value;
  const { path } = measure;
  const depth = path.length;
  for (let i = 0; i < length; i++) {
    const item = value[i];
    if (typeof item === "string" && item.isWellFormed()) {
      addString(measure, item);
      result.push(item);
      continue;
    }
    // Only what holds more, or is refused, needs its place.
    path[depth] = i;
    result.push(copy(item, measure));
  }
  path.length = depth;
  return result;
}

function copyObject(value: object, measure: Measure): JsonObject {
  const prototype = Object.getPrototypeOf(value);
  // A plain object of another realm (vm, iframe) has another Object.prototype, whose own prototype is null.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    const name: unknown = prototype.constructor?.name;
    const shown = typeof name === "string" && name !== "" ? name.slice(0, 64) : "a class";
    throw refused(measure, `is an instance of ${shown}, not a plain object`);
  }
  const result: Record<string, JsonValue> = {};
  const { path } = measure;
  const depth = path.length;
  const keys = Object.keys(value);
  if (!hasOnlyThese(value, keys)) throw refused(measure, whyNotPlain(value));
  for (const key of keys) {
    if (!key.isWellFormed()) throw refused(measure, "has a key with a lone surrogate");
    add(measure, key.length + 3, key.length * 6 + 4);
    path[depth] = key;
    setKey(result, key, copy((value as Record<string, unknown>)[key], measure));
  }
  path.length = depth;
  return result;
}

/** The keys of an object, all of which JSON can hold. */
function plainKeys(value: object, field: string): string[] {
  const keys = Object.keys(value);
  if (hasOnlyThese(value, keys)) return keys;
  throw invalidInput(`${field} ${whyNotPlain(value)}.`, { field });
}

/** Counting finds other keys more cheaply than looking at each. */
function hasOnlyThese(value: object, keys: readonly string[]): boolean {
  return Reflect.ownKeys(value).length === keys.length;
}

function whyNotPlain(value: object): string {
  return Reflect.ownKeys(value).some((key) => typeof key === "symbol")
    ? "has a symbol as a key, which JSON cannot hold"
    : "has a key that is not enumerable, which would get lost";
}

function fieldOf(field: string, key: string): string {
  return `${field}.${key.length > 64 ? `${key.slice(0, 64)}…` : key}`;
}

/** Sets an own property, also where the key is `__proto__`. */
export function setKey<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

/** Equality as JSON: the order of keys does not matter, that of items does, `-0` is `0`. */
export function jsonEqual(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => jsonEqual(item, b[i]));
  }
  const left = a as JsonObject;
  const right = b as JsonObject;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) => Object.hasOwn(right, key) && jsonEqual(left[key] as JsonValue, right[key] as JsonValue),
  );
}

/** Freezes plain data, with everything in it, and gives it back. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    // The keys of a long array would be as many strings.
    if (Array.isArray(value)) for (const item of value) deepFreeze(item);
    else for (const key of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[key]);
  }
  return value;
}
