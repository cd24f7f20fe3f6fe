import type { Steps } from "../async/steps.ts";
import type { JsonValue } from "../model/json.ts";

/** So many UTF-16 units are counted in one go: a millisecond at most. */
const UNITS_A_STEP = 256 * 1024;

/** Of a character beyond ASCII or an escaped one; `unit` and the next one are those of the string. */
function bytesOfUnit(unit: number): number {
  if (unit < 0x20) return unit === 8 || unit === 9 || unit === 10 || unit === 12 || unit === 13 ? 2 : 6;
  if (unit === 0x22 || unit === 0x5c) return 2;
  if (unit < 0x80) return 1;
  // Two bytes for each half of a surrogate pair, since a pair takes four.
  return unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
}

/** Bytes that a part of a string takes in JSON text, without the quotes; counting stops above `most`. */
export function stringBytes(
  text: string,
  from = 0,
  to: number = text.length,
  most = Number.POSITIVE_INFINITY,
): number {
  let bytes = 0;
  for (let i = from; i < to && bytes <= most; i++) bytes += bytesOfUnit(text.charCodeAt(i));
  return bytes;
}

/** The longest beginning of a string that takes so many bytes in JSON text; no character is cut in two. */
export function beginningOf(text: string, bytes: number): string {
  let left = bytes;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Both halves of a pair, or none.
    const isPair = unit >= 0xd800 && unit < 0xdc00;
    left -= isPair ? 4 : bytesOfUnit(unit);
    if (left < 0) return text.slice(0, i);
    if (isPair) i++;
  }
  return text;
}

/** Bytes of a JSON value as the text that `JSON.stringify` makes of it, in UTF-8; in pieces. */
export function* jsonBytesSteps(value: JsonValue): Steps<number> {
  const open: JsonValue[] = [value];
  let bytes = 0;
  let left = UNITS_A_STEP;
  function* count(text: string): Steps<void> {
    bytes += 2;
    for (let at = 0; at < text.length; ) {
      const to = Math.min(text.length, at + left);
      bytes += stringBytes(text, at, to);
      left -= to - at;
      at = to;
      if (left > 0) continue;
      yield;
      left = UNITS_A_STEP;
    }
  }
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (--left <= 0) {
      yield;
      left = UNITS_A_STEP;
    }
    if (typeof next === "string") yield* count(next);
    else if (typeof next !== "object" || next === null) bytes += String(next).length;
    else if (Array.isArray(next)) {
      // The brackets, and the commas between the items.
      bytes += 2 + Math.max(0, next.length - 1);
      for (const item of next) open.push(item);
    } else {
      const keys = Object.keys(next);
      bytes += 2 + Math.max(0, keys.length - 1) + keys.length;
      for (const key of keys) {
        yield* count(key);
        open.push((next as Readonly<Record<string, JsonValue>>)[key] as JsonValue);
      }
    }
  }
  return bytes;
}
