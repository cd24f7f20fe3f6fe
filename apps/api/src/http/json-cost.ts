/**
 * The most keys that one object of a request may have. Of a million and more the engine takes seconds for
 * each look at them, during which nobody else is answered.
 */
export const MAX_KEYS = 100_000;
/**
 * The most values that a request may hold, where an object or an array counts for four. The engine needs
 * some 0.1 us to parse a number or a string and more than four times that for the smallest array, whose
 * memory it has to find and to clear up again: a body of 15 MB of `[]` took seconds.
 */
export const MAX_VALUES = 2_000_000;
const VALUES_PER_CONTAINER = 4;

/** Neither bound is reached in fewer bytes. */
const LEAST_BYTES = MAX_VALUES / VALUES_PER_CONTAINER;
/** Deeper ones are not counted: what is nested so deep is refused by the store. */
const MAX_DEPTH = 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * Why this JSON costs more to parse than its size: an object has more than {@link MAX_KEYS}, or there are
 * more than {@link MAX_VALUES}. `null` for all other. What is no JSON may give any answer.
 */
export function whyCostly(json: Buffer): "keys" | "values" | null {
  if (json.length < LEAST_BYTES) return null;
  /** Of the objects and arrays around the place. */
  const keys = new Int32Array(MAX_DEPTH);
  let depth = 0;
  let values = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) i = endOfString(json, i);
    else if (byte === COMMA) values++;
    else if (byte === COLON) {
      if (depth >= MAX_DEPTH) continue;
      const count = (keys[depth] as number) + 1;
      if (count > MAX_KEYS) return "keys";
      keys[depth] = count;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      values += VALUES_PER_CONTAINER;
      depth++;
      if (depth < MAX_DEPTH) keys[depth] = 0;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth = Math.max(0, depth - 1);
    if (values > MAX_VALUES) return "values";
  }
  return null;
}

function endOfString(json: Buffer, start: number): number {
  let i = start + 1;
  while (i < json.length && json[i] !== QUOTE) i += json[i] === BACKSLASH ? 2 : 1;
  return i;
}
