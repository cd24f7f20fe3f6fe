import { matchAscii } from "./match-ascii.ts";
import { type MatchSpans, SNIPPET_AFTER } from "./match-spans.ts";
import { type SearchTerm, STRING_BOUNDARY } from "./search.ts";
import { type Token, tokenize } from "./tokenize.ts";

/** How much of the text a snippet shows before its first match, in UTF-16 units. */
const SNIPPET_BEFORE = 60;

/** A match of all terms, as a search hit shows it. */
export interface TextMatch {
  /** The text around the first match. */
  readonly snippet: string;
  /** The matches within `snippet`: [start, end) in UTF-16 units, in order, not overlapping. */
  readonly offsets: readonly (readonly [number, number])[];
  /** How often the terms occur in all strings together; for ranking. */
  readonly occurrences: number;
}

/**
 * Finds the terms in the strings of one content, or of one name: `null` unless every term is found. This is
 * the model: every store has to find what this function finds, with its snippet and offsets.
 *
 * @param terms from {@link parseSearchText}; no term matches nothing.
 */
export function matchStrings(strings: readonly string[], terms: readonly SearchTerm[]): TextMatch | null {
  if (terms.length === 0) return null;
  const found = matchAscii(strings, terms) ?? matchTokens(strings, terms);
  if (found === "nowhere") return null;
  return { ...cutSnippet(strings[found.string] as string, found.ranges), occurrences: found.occurrences };
}

interface PlacedToken extends Token {
  /** Which of the strings; -1 for a boundary. */
  readonly string: number;
}

/** The definition of a match, word by word; `matchAscii` gives the same for most texts, faster. */
export function matchTokens(
  strings: readonly string[],
  terms: readonly SearchTerm[],
): MatchSpans | "nowhere" {
  const tokens: PlacedToken[] = [];
  strings.forEach((text, string) => {
    if (string > 0) tokens.push({ word: STRING_BOUNDARY, start: 0, end: 0, string: -1 });
    for (const { word, start, end } of tokenize(text)) tokens.push({ word, start, end, string });
  });
  const positions = positionsByWord(tokens);
  let occurrences = 0;
  let first = tokens.length;
  for (const term of terms) {
    let found = 0;
    for (const position of candidatePositions(term, positions)) {
      if (!termMatchesAt(term, tokens, position)) continue;
      found++;
      if (position < first) first = position;
    }
    if (found === 0) return "nowhere";
    occurrences += found;
  }
  const { string, start } = tokens[first] as PlacedToken;
  // Only what the snippet shows is collected: a word that occurs everywhere would fill the memory.
  const ranges: { start: number; end: number }[] = [];
  for (let i = first; tokens[i]?.string === string; i++) {
    const token = tokens[i] as PlacedToken;
    if (token.start >= start + SNIPPET_AFTER) break;
    for (const term of terms) {
      if (!termMatchesAt(term, tokens, i)) continue;
      ranges.push({ start: token.start, end: (tokens[i + term.words.length - 1] as PlacedToken).end });
    }
  }
  return { string, ranges, occurrences };
}

function positionsByWord(tokens: readonly PlacedToken[]): Map<string, number[]> {
  const positions = new Map<string, number[]>();
  tokens.forEach(({ word }, i) => {
    const list = positions.get(word);
    if (list) list.push(i);
    else positions.set(word, [i]);
  });
  return positions;
}

/** Where the first word of the term occurs. */
function candidatePositions(
  { words, prefix }: SearchTerm,
  positions: Map<string, number[]>,
): readonly number[] {
  const head = words[0] as string;
  if (!prefix || words.length > 1) return positions.get(head) ?? [];
  return [...positions].flatMap(([word, list]) => (word.startsWith(head) ? list : []));
}

function termMatchesAt({ words, prefix }: SearchTerm, tokens: readonly PlacedToken[], at: number): boolean {
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

/** `at`, or one less where it would cut a surrogate pair in two. */
function characterStart(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return at > 0 && unit >= 0xdc00 && unit < 0xe000 ? at - 1 : at;
}
