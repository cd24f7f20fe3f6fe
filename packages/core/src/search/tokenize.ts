import { runSteps, type Steps } from "../async/steps.ts";

/**
 * Words are compared by their first 256 UTF-16 units: base64 and the like would swell every index otherwise.
 */
export const MAX_WORD_LENGTH = 256;

/** A word of a text, and where it is: [start, end) in UTF-16 units. */
export interface Token {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

// Scripts written without spaces: each character is a word, and a run of them in a query is a phrase.
const UNSPACED =
  "\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}";
// Bounded, since a regular expression that matches millions of characters overflows its stack. Only a run
// that was cut off by the bound is followed directly by another run.
const WORD = new RegExp(
  `(?=[\\p{L}\\p{N}])[${UNSPACED}]\\p{M}{0,64}|(?<run>(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}]){1,${MAX_WORD_LENGTH}})`,
  "gu",
);
const NOT_IN_WORD = /[^\p{L}\p{N}\p{M}]+/gu;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
// Diacritics, frames of keycaps and variation selectors: an emoji directly before a word may leave one
// behind.
const NOT_COMPARED = /[\u0300-\u036f\u20d0-\u20ff\p{Variation_Selector}]+/gu;
const ASCII_WORD = /^[a-z0-9]+$/;

/** So many words take some milliseconds. */
const MATCHES_PER_STEP = 4096;

/**
 * The words of a text, lower-cased, without diacritics of Latin, Greek and Cyrillic letters. A word is a run
 * of letters, digits and marks that holds a letter or digit; in scripts without spaces each character is one.
 * A word holds no ASCII but a-z and 0-9.
 */
export function tokenize(text: string): Token[] {
  return runSteps(tokenizeSteps(text)).tokens;
}

/**
 * The same in pieces, for long texts.
 *
 * @param most stops after so many words; one above 256 UTF-16 units counts for each 256. `count` says how
 *   many there were.
 */
export function* tokenizeSteps(
  text: string,
  most = Number.POSITIVE_INFINITY,
): Steps<{ readonly tokens: Token[]; readonly count: number }> {
  const tokens: { word: string; start: number; end: number }[] = [];
  let runEnd = -1;
  let count = 0;
  for (const match of text.matchAll(WORD)) {
    if (count === most) break;
    const [raw, run] = match;
    const start = match.index;
    const end = start + raw.length;
    if (run !== undefined && start === runEnd) {
      const last = tokens.at(-1);
      if (last?.end === start) last.end = end;
    } else {
      const word = foldWord(raw);
      if (word !== "") tokens.push({ word, start, end });
    }
    runEnd = run === undefined ? -1 : end;
    if (++count % MATCHES_PER_STEP === 0) yield;
  }
  return { tokens, count };
}

function foldWord(raw: string): string {
  const short = raw.length > MAX_WORD_LENGTH ? raw.slice(0, MAX_WORD_LENGTH).toWellFormed() : raw;
  if (ASCII_WORD.test(short)) return short;
  const folded = short
    .normalize("NFKD")
    .toLowerCase()
    .replace(NOT_COMPARED, "")
    .replaceAll("ς", "σ")
    .normalize("NFC")
    .replace(NOT_IN_WORD, "");
  return LETTER_OR_DIGIT.test(folded) ? folded : "";
}
