import { invalidInput } from "./errors.ts";

/** Plain JSON: what `JSON.parse` can give and `JSON.stringify` writes without loss. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: JsonValue };

/** How many arrays and objects may stand in one another in what is written. The original refuses to read more than 124. */
export const MAX_JSON_DEPTH = 120;

/**
 * Checks that `value` is a {@link JsonValue} and gives a copy that shares nothing with it.
 *
 * @param field names the value in the error, e.g. `entries[0].content`.
 * @param maxLength refuses what certainly takes more characters as JSON, before it is all copied: an object that
 *   stands in many places is copied once for each of them.
 * @throws {SessionError} invalid_input for anything JSON cannot hold without loss (undefined, NaN, bigint, dates,
 *   class instances, cycles, holes in arrays, symbol keys, lone surrogates) and for more than {@link MAX_JSON_DEPTH} levels.
 */
export function copyJson(
  value: unknown,
  field: string,
  maxLength: number = Number.POSITIVE_INFINITY,
): JsonValue {
  return copy(value, field, 0, { field, maxLength, left: maxLength });
}

/** The same, and how many characters it takes as JSON if every number, word and pair of brackets took one. */
export function copyJsonMeasured(
  value: unknown,
  field: string,
  maxLength: number,
): { copied: JsonValue; length: number } {
  const budget = { field, maxLength, left: maxLength };
  return { copied: copy(value, field, 0, budget), length: maxLength - budget.left };
}

/**
 * The same for an object whose values may each be as deep as a {@link JsonValue} may.
 *
 * @throws {SessionError} invalid_input, also for anything but a plain object.
 */
export function copyJsonObject(value: unknown, field: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidInput(`${field}: expected an object.`, { field });
  }
  const maxLength = Number.POSITIVE_INFINITY;
  return copyObject(value, field, -1, { field, maxLength, left: maxLength });
}

/** How many characters of JSON may still come. */
interface Budget {
  readonly field: string;
  readonly maxLength: number;
  left: number;
}

function spend(budget: Budget, characters: number): void {
  budget.left -= characters;
  if (budget.left < 0) {
    const { field, maxLength } = budget;
    throw invalidInput(`${field} is longer than ${maxLength} bytes as JSON.`, { field });
  }
}

function copy(value: unknown, field: string, depth: number, budget: Budget): JsonValue {
  spend(budget, typeof value === "string" ? value.length + 2 : 1);
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed())
        throw invalidInput(`${field} has a lone surrogate (half of a character).`, { field });
      return value;
    case "number":
      if (!Number.isFinite(value))
        throw invalidInput(`${field} is ${value}, which JSON cannot hold.`, { field });
      // JSON.stringify writes -0 as 0: what is kept is what will be read.
      return value === 0 ? 0 : value;
    case "boolean":
      return value;
    case "object": {
      if (value === null) return null;
      if (depth >= MAX_JSON_DEPTH) {
        throw invalidInput(`${field} is nested more than ${MAX_JSON_DEPTH} levels deep.`, { field });
      }
      return Array.isArray(value)
        ? copyArray(value, field, depth, budget)
        : copyObject(value, field, depth, budget);
    }
    default:
      throw invalidInput(
        `${field} is ${value === undefined ? "undefined" : `a ${typeof value}`}, which JSON cannot hold.`,
        {
          field,
        },
      );
  }
}

function copyArray(value: readonly unknown[], field: string, depth: number, budget: Budget): JsonValue {
  // Not made at its full length at once: of a sparse array that would be memory for nothing.
  const result: JsonValue[] = [];
  for (let i = 0; i < value.length; i++) result.push(copy(value[i], `${field}[${i}]`, depth + 1, budget));
  return result;
}

function copyObject(value: object, field: string, depth: number, budget: Budget): JsonObject {
  const prototype = Object.getPrototypeOf(value);
  // A plain object of another realm (vm, iframe) has another Object.prototype, whose own prototype is null.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    const name: unknown = prototype.constructor?.name;
    const shown = typeof name === "string" && name !== "" ? name.slice(0, 64) : "a class";
    throw invalidInput(`${field} is an instance of ${shown}, not a plain object.`, { field });
  }
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw invalidInput(`${field} has a symbol as a key, which JSON cannot hold.`, { field });
  }
  const result: Record<string, JsonValue> = {};
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) throw invalidInput(`${field} has a key with a lone surrogate.`, { field });
    spend(budget, key.length + 3);
    const part = (value as Record<string, unknown>)[key];
    setKey(result, key, copy(part, fieldOf(field, key), depth + 1, budget));
  }
  return result;
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

/** Equality as JSON: the order of keys does not matter, `-0` is `0`. */
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

/** Freezes plain data through and through, and gives it back. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const key of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[key]);
  }
  return value;
}
