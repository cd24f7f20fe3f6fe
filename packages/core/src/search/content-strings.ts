import type { JsonValue } from "../model/json.ts";

/** Of an entry the first so many words are searched; a word above 256 UTF-16 units counts for each 256. */
export const MAX_SEARCHED_WORDS = 262_144;
/** And no more than so many UTF-16 units of its strings together, each of which counts one more. */
const MAX_SEARCHED_LENGTH = 2 * 1024 * 1024;

/**
 * The strings of a content, or a name, that are searched: those at any depth, in the order of the text. Keys
 * are not searched, nor what lies beyond 2,097,152 UTF-16 units.
 */
export function contentStrings(content: JsonValue): string[] {
  const strings: string[] = [];
  collect(content, strings, MAX_SEARCHED_LENGTH);
  return strings;
}

/** @returns how many units are left. */
function collect(value: JsonValue, into: string[], most: number): number {
  if (typeof value === "string") {
    into.push(value.length <= most ? value : wholeWords(value, most));
    return Math.max(0, most - value.length - 1);
  }
  if (typeof value !== "object" || value === null) return most;
  let left = most;
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    if (left === 0) break;
    left = collect(item, into, left);
  }
  return left;
}

/** The beginning of a text, without the word that the end would cut in two. */
function wholeWords(text: string, length: number): string {
  const goesOn = BEGINS_WITHIN_WORD.test(text.slice(length, length + 2));
  const partial = goesOn ? END_OF_WORD.exec(text.slice(Math.max(0, length - 256), length)) : null;
  return text.slice(0, length - (partial?.[0].length ?? 0));
}

// Half of a surrogate pair, too, may be a letter that is cut in two.
const BEGINS_WITHIN_WORD = /^[\p{L}\p{N}\p{M}\p{Cs}]/u;
const END_OF_WORD = /[\p{L}\p{N}\p{M}\p{Cs}]+$/u;

/** Have these strings certainly no more words than are searched? A word takes one unit at least. */
export function areAllSearched(strings: readonly string[]): boolean {
  return totalLength(strings) <= MAX_SEARCHED_WORDS;
}

/** In UTF-16 units; each string counts one more. */
export function totalLength(strings: readonly string[]): number {
  let length = 0;
  for (const text of strings) length += text.length + 1;
  return length;
}
