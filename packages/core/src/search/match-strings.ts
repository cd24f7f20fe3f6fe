import { matchPlain } from "./match-ascii.ts";
import { type FoundPlaces, SNIPPET_AFTER } from "./match-spans.ts";
import { type SearchTerm, STRING_BOUNDARY } from "./search.ts";
import { type Token, tokenize } from "./tokenize.ts";

/** How much of the text a snippet shows before its first match, in UTF-16 units. */
const SNIPPET_BEFORE = 60;

export interface TextMatch {
  readonly snippet: string;
  readonly offsets: readonly (readonly [number, number])[];
  /** How often the terms occur; for ranking. */
  readonly occurrences: number;
}

/** Where the terms stand in the strings, or `null` unless each of them stands there. */
export function matchStrings(strings: readonly string[], terms: readonly SearchTerm[]): TextMatch | null {
  if (terms.length === 0) return null;
  const found = matchPlain(strings, terms) ?? matchTokens(strings, terms);
  if (found === "nowhere") return null;
  return { ...cutSnippet(strings[found.string] as string, found.ranges), occurrences: found.occurrences };
}

interface PlacedToken extends Token {
  /** Which of the strings; -1 for a boundary. */
  readonly string: number;
}

/** The definition of a match, by the words of the strings. */
export function matchTokens(
  strings: readonly string[],
  terms: readonly SearchTerm[],
): FoundPlaces | "nowhere" {
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
    if (found === 0) return "nowhere";
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
  return { string, ranges, occurrences };
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
