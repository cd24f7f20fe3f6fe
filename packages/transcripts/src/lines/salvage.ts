import type { JsonObject } from "@thulp-sessions/core";
import { parseRecord } from "./line-value.ts";

/** How the records of agents begin. */
const BEGINNINGS = /\{"(?:timestamp|type|parentUuid|uuid|id)":/g;
/** How much of a beginning has to be that of the line: an object within a torn record begins otherwise. */
const SAME_BEGINNING = 8;
/** Each beginning that is tried costs a look at all that is behind it. */
const MAX_TRIED = 64;
const MAX_LENGTH = 4 * 1024 * 1024;

/**
 * The whole records in a line that is no JSON itself: some glued together without a line end, or a torn
 * beginning that whole records follow. Both come from writers that failed, or that did not wait for each
 * other. Nothing is guessed: what is found are JSON objects that follow each other up to the line's end.
 */
export function recordsWithin(line: string): JsonObject[] {
  if (line.length > MAX_LENGTH) return [];
  const text = line.trim();
  const first = text.indexOf("{");
  if (first < 0 || !text.endsWith("}")) return [];
  const glued = objectsFrom(text, first);
  if (glued && (glued.length > 1 || first > 0)) return glued;
  const own = text.slice(first, first + SAME_BEGINNING);
  const starts = [...text.slice(first + 1).matchAll(BEGINNINGS)].map(({ index }) => first + 1 + index);
  for (const start of starts.slice(-MAX_TRIED)) {
    if (!text.startsWith(own, start)) continue;
    const found = objectsFrom(text, start);
    if (found) return found;
  }
  return [];
}

/** The objects from `start` to the end of the text, or `null` where something else stands there. */
function objectsFrom(text: string, start: number): JsonObject[] | null {
  const found: JsonObject[] = [];
  for (let at = start; at < text.length; ) {
    const end = endOfObject(text, at);
    const record = end === null ? null : parseRecord(text.slice(at, end));
    if (end === null || record === null) return null;
    found.push(record);
    at = end;
  }
  return found;
}

/** Where the object that begins at `start` ends, if brackets outside of strings say so. */
function endOfObject(text: string, start: number): number | null {
  if (text[start] !== "{") return null;
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at);
      if (at < 0) return null;
    } else if (char === OPEN) depth++;
    else if (char === CLOSE && --depth === 0) return at + 1;
  }
  return null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** The place of the quote that ends a string, or -1. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}
