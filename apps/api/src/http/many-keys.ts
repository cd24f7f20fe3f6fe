/**
 * The most keys that one object of a request may have. Of a million and more the engine takes seconds for
 * each look at them, during which nobody else is answered.
 */
export const MAX_KEYS = 100_000;

/** The shortest keys of an object, with values, that are all different take more bytes than that each. */
const LEAST_BYTES_PER_KEY = 5;
/** Deeper ones are not counted: what is nested so deep is refused by the store. */
const MAX_DEPTH = 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Does an object in this JSON have more than {@link MAX_KEYS}? What is no JSON may give any answer. */
export function hasManyKeys(json: Buffer): boolean {
  if (json.length < MAX_KEYS * LEAST_BYTES_PER_KEY) return false;
  /** Of the objects and arrays around the place. */
  const keys = new Int32Array(MAX_DEPTH);
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) i = endOfString(json, i);
    else if (byte === COLON) {
      if (depth >= MAX_DEPTH) continue;
      const count = (keys[depth] as number) + 1;
      if (count > MAX_KEYS) return true;
      keys[depth] = count;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth++;
      if (depth < MAX_DEPTH) keys[depth] = 0;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth = Math.max(0, depth - 1);
  }
  return false;
}

function endOfString(json: Buffer, start: number): number {
  let i = start + 1;
  while (i < json.length && json[i] !== QUOTE) i += json[i] === BACKSLASH ? 2 : 1;
  return i;
}
