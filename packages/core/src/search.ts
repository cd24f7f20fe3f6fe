import { z } from "zod";
import { type SessionFilter, sessionFilterSchema } from "./filter.ts";
import type { SessionId } from "./ids.ts";
import type { JsonValue } from "./json.ts";
import { ENTRY_TYPE_NAMES, type EntryTypeName } from "./model.ts";

/** How long the text of a search may be, in UTF-16 units. */
export const MAX_SEARCH_TEXT = 4096;

/** Words are compared by their first 256 UTF-16 units: base64 and the like would swell every index otherwise. */
const MAX_WORD_LENGTH = 256;

/** How much of the text a snippet shows before and after its first match, in UTF-16 units. */
const SNIPPET_BEFORE = 60;
const SNIPPET_AFTER = 120;

export const searchQuerySchema = z.strictObject({
  text: z.string().max(MAX_SEARCH_TEXT, { error: `is longer than ${MAX_SEARCH_TEXT} characters` }),
  filter: sessionFilterSchema.optional(),
  types: z.array(z.enum(ENTRY_TYPE_NAMES)).optional(),
  after: z.number().refine(Number.isInteger, { error: "is not a whole number" }).optional(),
  before: z.number().refine(Number.isInteger, { error: "is not a whole number" }).optional(),
  order: z.enum(["newest", "rank"]).default("newest"),
  limit: z.int().min(1).max(200).default(20),
  cursor: z.string().optional(),
});

/**
 * What to search. `text` holds words, `"phrases"` and `prefix*`es; all of them have to be found in one entry, or in
 * the name of one session. Case, diacritics and punctuation do not matter; any text is safe.
 */
export interface SearchQuery {
  readonly text: string;
  /** Only in these sessions. */
  readonly filter?: SessionFilter | undefined;
  /** Only entries of these types; names are then not searched. */
  readonly types?: readonly EntryTypeName[] | undefined;
  /** Only entries with a later timestamp; names are then not searched. */
  readonly after?: number | undefined;
  /** Only entries with an earlier timestamp; names are then not searched. */
  readonly before?: number | undefined;
  /** `newest` (the default): by the session's `updatedAt`, newest first, then `seq`. `rank`: best first, one page. */
  readonly order?: "newest" | "rank" | undefined;
  /** 1 to 200, 20 when absent. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface SearchHit {
  readonly sessionId: SessionId;
  /** The entry, or `null` when the name of the session was hit. */
  readonly seq: number | null;
  /** The text around the first match. */
  readonly snippet: string;
  /** The matches within `snippet`: [start, end) in UTF-16 units, in order, not overlapping. */
  readonly offsets: readonly (readonly [number, number])[];
}

export interface SearchPage {
  readonly items: readonly SearchHit[];
  /** For the next page; `null` at the end, and always with `order: "rank"`. */
  readonly nextCursor: string | null;
}

interface Token {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

// Scripts that put no spaces between words: each character is a word, and a run of them in a query is a phrase.
const UNSPACED =
  "\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}";
// Bounded, since a regular expression that goes on for millions of characters overflows its stack. Only a run that was
// cut off here is followed by another run at once.
const WORD = new RegExp(
  `(?=[\\p{L}\\p{N}])[${UNSPACED}]\\p{M}{0,64}|(?<run>(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}]){1,${MAX_WORD_LENGTH}})`,
  "gu",
);
const NOT_IN_WORD = /[^\p{L}\p{N}\p{M}]+/gu;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
// Diacritics, frames (of keycaps) and variation selectors: an emoji may stand right before a word and leave one there.
const NOT_COMPARED = /[\u0300-\u036f\u20d0-\u20ff\p{Variation_Selector}]+/gu;
const ASCII_WORD = /^[a-z0-9]+$/;

/** Stands between two strings of one content, so that no phrase reaches across. No query can contain it. */
export const STRING_BOUNDARY = "\uE000";

/**
 * The words of a text, lower-cased, without diacritics of Latin, Greek and Cyrillic letters. A word is a run of
 * letters, digits and marks that holds a letter or digit; in scripts without spaces each character is one. A word holds
 * no ASCII but a-z and 0-9.
 */
export function tokenize(text: string): Token[] {
  const tokens: { word: string; start: number; end: number }[] = [];
  let runEnd = -1;
  for (const match of text.matchAll(WORD)) {
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
  }
  return tokens;
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

/** Every string in a content, in the order of the text; keys are not searched. */
export function contentStrings(content: JsonValue): string[] {
  const strings: string[] = [];
  collect(content, strings);
  return strings;
}

function collect(value: JsonValue, into: string[]): void {
  if (typeof value === "string") into.push(value);
  else if (typeof value === "object" && value !== null)
    for (const item of Object.values(value)) collect(item, into);
}

/**
 * The words of some strings, joined by spaces, with {@link STRING_BOUNDARY} as a word between two strings. An index
 * that splits this at spaces holds exactly the words that {@link matchStrings} compares.
 */
export function indexText(strings: readonly string[]): string {
  return strings
    .map((text) =>
      tokenize(text)
        .map(({ word }) => word)
        .join(" "),
    )
    .join(` ${STRING_BOUNDARY} `);
}

/** Words that have to follow each other; with `prefix` the last one only has to begin so. */
export interface SearchTerm {
  readonly words: readonly string[];
  readonly prefix: boolean;
}

/**
 * Splits the text of a search into its terms, each of them once. A text without any letter or digit has none, and then
 * nothing matches.
 */
export function parseSearchText(text: string): SearchTerm[] {
  const terms = new Map<string, SearchTerm>();
  for (const [, phrase, chunk] of text.matchAll(/"([^"]*)(?:"|$)|([^\s"]+)/g)) {
    const source = phrase ?? chunk ?? "";
    const words = tokenize(source).map(({ word }) => word);
    if (words.length === 0) continue;
    const prefix = phrase === undefined && source.endsWith("*");
    terms.set(`${words.join(" ")}${prefix ? "*" : ""}`, { words, prefix });
  }
  return [...terms.values()];
}

export interface TextMatch {
  readonly snippet: string;
  readonly offsets: readonly (readonly [number, number])[];
  /** How often the terms occur; for ranking. */
  readonly occurrences: number;
}

interface PlacedToken extends Token {
  /** Which of the strings; -1 for a boundary. */
  readonly string: number;
}

/** Where the terms stand in the strings, or `null` unless each of them stands there. */
export function matchStrings(strings: readonly string[], terms: readonly SearchTerm[]): TextMatch | null {
  if (terms.length === 0) return null;
  const tokens: PlacedToken[] = [];
  strings.forEach((text, string) => {
    if (string > 0) tokens.push({ word: STRING_BOUNDARY, start: 0, end: 0, string: -1 });
    for (const { word, start, end } of tokenize(text)) tokens.push({ word, start, end, string });
  });
  const places = placesOfWords(tokens);
  let occurrences = 0;
  let first = tokens.length;
  for (const term of terms) {
    let found = 0;
    for (const place of placesToLookAt(term, places)) {
      if (!termStandsAt(term, tokens, place)) continue;
      found++;
      if (place < first) first = place;
    }
    if (found === 0) return null;
    occurrences += found;
  }
  const { string, start } = tokens[first] as PlacedToken;
  // Only what the snippet shows is collected: a word that stands everywhere would fill the memory.
  const ranges: { start: number; end: number }[] = [];
  for (let i = first; tokens[i]?.string === string; i++) {
    const token = tokens[i] as PlacedToken;
    if (token.start >= start + SNIPPET_AFTER) break;
    for (const term of terms) {
      if (!termStandsAt(term, tokens, i)) continue;
      ranges.push({ start: token.start, end: (tokens[i + term.words.length - 1] as PlacedToken).end });
    }
  }
  return { ...cutSnippet(strings[string] as string, ranges), occurrences };
}

function placesOfWords(tokens: readonly PlacedToken[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  tokens.forEach(({ word }, i) => {
    const list = places.get(word);
    if (list) list.push(i);
    else places.set(word, [i]);
  });
  return places;
}

/** Where the first word of the term stands. */
function placesToLookAt({ words, prefix }: SearchTerm, places: Map<string, number[]>): readonly number[] {
  const head = words[0] as string;
  if (!prefix || words.length > 1) return places.get(head) ?? [];
  return [...places].flatMap(([word, list]) => (word.startsWith(head) ? list : []));
}

function termStandsAt({ words, prefix }: SearchTerm, tokens: readonly PlacedToken[], at: number): boolean {
  const last = words.length - 1;
  for (let i = 0; i <= last; i++) {
    const token = tokens[at + i]?.word;
    if (token === words[i]) continue;
    return prefix && i === last && token?.startsWith(words[i] as string) === true;
  }
  return true;
}

function cutSnippet(
  text: string,
  ranges: readonly { start: number; end: number }[],
): Pick<TextMatch, "snippet" | "offsets"> {
  const first = ranges[0] as { start: number; end: number };
  const from = characterStart(text, Math.max(0, first.start - SNIPPET_BEFORE));
  const to = characterStart(text, Math.min(text.length, first.start + SNIPPET_AFTER));
  const lead = from > 0 ? "…" : "";
  const shift = lead.length - from;
  const offsets: [number, number][] = [];
  for (const { start, end } of ranges) {
    if (start >= to) break;
    const last = offsets.at(-1);
    const [left, right] = [start + shift, Math.min(end, to) + shift];
    if (last && left <= last[1]) last[1] = Math.max(last[1], right);
    else offsets.push([left, right]);
  }
  return { snippet: `${lead}${text.slice(from, to)}${to < text.length ? "…" : ""}`, offsets };
}

/** The place itself, or one before it where it would cut a surrogate pair in two. */
function characterStart(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return at > 0 && unit >= 0xdc00 && unit < 0xe000 ? at - 1 : at;
}
