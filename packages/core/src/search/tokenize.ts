import { runSteps, type Steps } from "../async/steps.ts";
import { isAsciiText } from "./ascii-text.ts";

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

/** So many words take some milliseconds, */
const WORDS_PER_STEP = 4096;
/** and so many UTF-16 units, where words are long or few. */
const UNITS_PER_STEP = 65_536;

/**
 * The words of a text, lower-cased, without diacritics of Latin, Greek and Cyrillic letters. A word is a run
 * of letters, digits and marks that holds a letter or digit; in scripts without spaces each character is one.
 * A word holds no ASCII but a-z and 0-9.
 */
export function tokenize(text: string): Token[] {
  const tokens: { word: string; start: number; end: number }[] = [];
  runSteps(
    scanWordsSteps(text, {}, (word, start, end) => {
      const last = tokens.at(-1);
      if (word !== null) tokens.push({ word, start, end });
      else if (last?.end === start) last.end = end;
    }),
  );
  return tokens;
}

/**
 * The words alone, joined by spaces, in pieces for long texts.
 *
 * @param most as of {@link ScanOptions}. `count` says how many there were.
 */
export function* joinedWordsSteps(
  text: string,
  most?: number,
): Steps<{ readonly words: string; readonly count: number }> {
  const joined: string[] = [];
  let part: string[] = [];
  const count = yield* scanWordsSteps(text, { most }, (word) => {
    if (word === null) return;
    part.push(word);
    if (part.length < WORDS_PER_STEP) return;
    joined.push(part.join(" "));
    part = [];
  });
  if (part.length > 0) joined.push(part.join(" "));
  return { words: joined.join(" "), count };
}

interface ScanOptions {
  /** Stops after so many words; one above 256 UTF-16 units counts for each 256. */
  readonly most?: number | undefined;
  /** Others have their turn after so many. */
  readonly wordsPerStep?: number;
}

/** Called for each word; with `null` where a run goes on whose word was cut off. */
type OnWord = (word: string | null, start: number, end: number) => void;

/**
 * Goes through the words of a text, in pieces for long ones.
 *
 * @returns how many there were.
 */
export function* scanWordsSteps(
  text: string,
  { most = Number.POSITIVE_INFINITY, wordsPerStep = WORDS_PER_STEP }: ScanOptions,
  onWord: OnWord,
): Steps<number> {
  if (isAsciiText(text)) return yield* scanAsciiSteps(text, { most, wordsPerStep }, onWord);
  let runEnd = -1;
  let count = 0;
  let stepStart = 0;
  for (const match of text.matchAll(WORD)) {
    if (count === most) break;
    const [raw, run] = match;
    const start = match.index;
    const end = start + raw.length;
    if (run !== undefined && start === runEnd) onWord(null, start, end);
    else {
      const word = comparedWord(raw);
      if (word !== "") onWord(word, start, end);
    }
    runEnd = run === undefined ? -1 : end;
    if (++count % wordsPerStep !== 0 && end - stepStart < UNITS_PER_STEP) continue;
    stepStart = end;
    yield;
  }
  return count;
}

/**
 * The same for what {@link isAsciiText} holds of. A regular expression makes some objects of each match, and
 * to clear away those of a long text takes longer than to find its words.
 */
function* scanAsciiSteps(
  text: string,
  { most, wordsPerStep }: Required<ScanOptions>,
  onWord: OnWord,
): Steps<number> {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    if (!isAsciiWordUnit(text.charCodeAt(at))) continue;
    const start = at;
    while (at < text.length && isAsciiWordUnit(text.charCodeAt(at))) at++;
    for (let from = start; from < at; from += MAX_WORD_LENGTH) {
      if (count === most) return count;
      const end = Math.min(from + MAX_WORD_LENGTH, at);
      onWord(from === start ? text.slice(from, end).toLowerCase() : null, from, end);
      if (++count % wordsPerStep === 0) yield;
    }
  }
  return count;
}

function isAsciiWordUnit(unit: number): boolean {
  // A letter in lower case has one bit more than its capital.
  const lower = unit | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (unit >= 0x30 && unit <= 0x39);
}

/** The form in which the word that stands in a text is compared; empty where nothing of it is. */
export function comparedWord(raw: string): string {
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
