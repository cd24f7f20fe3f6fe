import type { JsonValue } from "@thulp-sessions/core";
import { contentStrings, indexText, type SearchTerm } from "@thulp-sessions/core/store";

/** The longest word that a tsvector takes, in bytes. */
const MAX_WORD_BYTES = 2046;
/** A tsvector takes 1 MiB: this much of words, and the room that each of them needs beside. */
const MAX_WORDS_BYTES = 200_000;
/** What `indexText` puts between two strings. */
const BOUNDARY = "\uE000";

/** The words of these strings as a tsvector; `null` where it holds no so many, or no so long, words. */
export function tsvectorOf(strings: readonly string[]): string | null {
  const words = new Set(indexText(strings).split(" "));
  words.delete("");
  words.delete(BOUNDARY);
  let bytes = 0;
  for (const word of words) {
    const length = Buffer.byteLength(word);
    bytes += length;
    if (length > MAX_WORD_BYTES || bytes > MAX_WORDS_BYTES) return null;
  }
  // Words are letters, digits and marks: nothing in them has to be escaped.
  return Array.from(words, (word) => `'${word}'`).join(" ");
}

export function tsvectorOfContent(content: JsonValue): string | null {
  return tsvectorOf(contentStrings(content));
}

/**
 * What a tsvector has to match where all terms are found; that they follow each other, it does not say.
 * `null` where one of the words is too long for any tsvector.
 */
export function tsqueryOf(terms: readonly SearchTerm[]): string | null {
  const parts = new Set<string>();
  for (const { words, prefix } of terms) {
    words.forEach((word, i) => {
      parts.add(`'${word}'${prefix && i === words.length - 1 ? ":*" : ""}`);
    });
  }
  const tooLong = terms.some(({ words }) => words.some((word) => Buffer.byteLength(word) > MAX_WORD_BYTES));
  return tooLong ? null : [...parts].join(" & ");
}
