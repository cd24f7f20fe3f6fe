import { type JsonObject, type JsonValue, setKey } from "../model/json.ts";
import { leastJsonLength } from "../model/json-length.ts";
import { beginningOf, stringBytes } from "./json-bytes.ts";

/**
 * As much of a JSON value as takes at most `bytes` as JSON text in UTF-8; the value itself where it fits.
 *
 * Where all but its strings fits, every key and number is kept, and long strings are cut to one length, so
 * that the short ones beside them stay whole. Otherwise it is the beginning of the value: the last items and
 * keys are missing. The work is bounded by the bytes and the strings, never by the number of values.
 *
 * @param bytes 2 or more.
 */
export function cutJson<T extends JsonValue>(value: T, bytes: number): T {
  if (leastJsonLength(value, bytes) <= bytes) {
    const whole = new Skeleton(bytes);
    if (whole.add(value) && whole.bytes + whole.bytesOfStrings() <= bytes) return value;
  }
  const skeleton = new Skeleton(bytes);
  if (!skeleton.add(value)) return new Beginning(bytes).of(value) as T;
  return withShortStrings(value, skeleton.longestString()) as T;
}

/** A value without the contents of its strings. */
class Skeleton {
  /** As JSON text, with empty strings. */
  bytes = 0;
  readonly #strings: string[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** False as soon as it takes more than it may. */
  add(value: JsonValue): boolean {
    if (typeof value === "string") {
      this.bytes += 2;
      this.#strings.push(value);
    } else if (typeof value !== "object" || value === null) this.bytes += String(value).length;
    else if (Array.isArray(value)) {
      this.bytes += 2 + Math.max(0, value.length - 1);
      for (const item of value) if (this.#isFull() || !this.add(item)) return false;
    } else {
      this.bytes += 2;
      let isFirst = true;
      for (const key in value) {
        if (!Object.hasOwn(value, key)) continue;
        this.bytes += 3 + (isFirst ? 0 : 1) + stringBytes(key, 0, key.length, this.#most);
        isFirst = false;
        if (this.#isFull() || !this.add((value as JsonObject)[key] as JsonValue)) return false;
      }
    }
    return !this.#isFull();
  }

  #isFull(): boolean {
    return this.bytes > this.#most;
  }

  bytesOfStrings(): number {
    let bytes = 0;
    for (const text of this.#strings) bytes += stringBytes(text, 0, text.length, this.#most);
    return bytes;
  }

  /** The length, in bytes, to which all longer strings have to be cut. */
  longestString(): number {
    let left = this.#most - this.bytes;
    const lengths = this.#strings
      .map((text) => stringBytes(text, 0, text.length, left))
      .sort((a, b) => a - b);
    for (const [i, length] of lengths.entries()) {
      const share = Math.floor(left / (lengths.length - i));
      if (length > share) return share;
      left -= length;
    }
    return Number.POSITIVE_INFINITY;
  }
}

function withShortStrings(value: JsonValue, bytes: number): JsonValue {
  if (typeof value === "string") return beginningOf(value, bytes);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withShortStrings(item, bytes));
  const result: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value)) setKey(result, key, withShortStrings(item, bytes));
  return result;
}

/** Takes the values of a value in their order until there is no more room. */
class Beginning {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  of(value: JsonValue): JsonValue {
    return this.#take(value) ?? (Array.isArray(value) ? [] : typeof value === "string" ? "" : {});
  }

  /** `undefined` where not even the least of it fits. */
  #take(value: JsonValue): JsonValue | undefined {
    if (typeof value === "string") {
      if (this.#left < 2) return undefined;
      const text = beginningOf(value, this.#left - 2);
      this.#left -= 2 + stringBytes(text);
      return text;
    }
    const least = typeof value === "object" && value !== null ? 2 : String(value).length;
    if (this.#left < least) return undefined;
    this.#left -= least;
    if (typeof value !== "object" || value === null) return value;
    return Array.isArray(value) ? this.#items(value) : this.#fields(value as JsonObject);
  }

  #items(value: readonly JsonValue[]): JsonValue {
    const items: JsonValue[] = [];
    for (const item of value) {
      if (items.length > 0) this.#left--;
      const taken = this.#take(item);
      if (taken === undefined) break;
      items.push(taken);
    }
    return items;
  }

  #fields(value: JsonObject): JsonValue {
    const fields: Record<string, JsonValue> = {};
    let isFirst = true;
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue;
      this.#left -= 3 + (isFirst ? 0 : 1) + stringBytes(key, 0, key.length, Math.max(0, this.#left));
      if (this.#left < 0) break;
      const taken = this.#take(value[key] as JsonValue);
      if (taken === undefined) break;
      setKey(fields, key, taken);
      isFirst = false;
    }
    return fields;
  }
}
