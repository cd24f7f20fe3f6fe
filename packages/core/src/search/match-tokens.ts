import { runSteps, type Steps } from "../async/steps.ts";
import { MAX_SEARCHED_WORDS } from "./content-strings.ts";
import { type MatchSpans, SNIPPET_AFTER } from "./match-spans.ts";
import { type SearchTerm, STRING_BOUNDARY } from "./search.ts";
import { type Token, tokenizeSteps } from "./tokenize.ts";

interface PlacedToken extends Token {
  /** Which of the strings; -1 for a boundary. */
  readonly string: number;
}

/** So many comparisons of words take some milliseconds. */
const COMPARISONS_PER_STEP = 32_768;

/** The definition of a match, word by word; `matchAscii` gives the same for most texts, faster. */
export function matchTokens(
  strings: readonly string[],
  terms: readonly SearchTerm[],
): MatchSpans | "nowhere" {
  return runSteps(matchTokensSteps(strings, terms));
}

/** The same in pieces. The time is that of the words of the text, and for each term of its matches. */
export function* matchTokensSteps(
  strings: readonly string[],
  terms: readonly SearchTerm[],
): Steps<MatchSpans | "nowhere"> {
  const tokens = yield* placedTokens(strings);
  const index = yield* TokenIndex.of(tokens);
  let occurrences = 0;
  let first = tokens.length;
  for (const term of terms) {
    const starts = yield* index.startsOf(term);
    if (starts.length === 0) return "nowhere";
    for (const start of starts) first = Math.min(first, start);
    occurrences += starts.length;
  }
  const { string, start } = tokens[first] as PlacedToken;
  // Only what the snippet shows is collected: a word that occurs everywhere would fill the memory.
  const ranges: { start: number; end: number }[] = [];
  for (let i = first; tokens[i]?.string === string; i++) {
    const token = tokens[i] as PlacedToken;
    if (token.start >= start + SNIPPET_AFTER) break;
    for (const term of terms) {
      if (!matchesAt(term, tokens, i)) continue;
      ranges.push({ start: token.start, end: (tokens[i + term.words.length - 1] as PlacedToken).end });
    }
  }
  return { string, ranges, occurrences };
}

function* placedTokens(strings: readonly string[]): Steps<PlacedToken[]> {
  const placed: PlacedToken[] = [];
  let left = MAX_SEARCHED_WORDS;
  for (const [string, text] of strings.entries()) {
    if (string > 0) placed.push({ word: STRING_BOUNDARY, start: 0, end: 0, string: -1 });
    const { tokens, count } = yield* tokenizeSteps(text, left);
    for (const { word, start, end } of tokens) placed.push({ word, start, end, string });
    left -= count;
    if (left === 0) break;
  }
  return placed;
}

/** Where each word of a text is. */
class TokenIndex {
  readonly #tokens: readonly PlacedToken[];
  readonly #positions = new Map<string, number[]>();
  #sortedWords: string[] | undefined;

  private constructor(tokens: readonly PlacedToken[]) {
    this.#tokens = tokens;
  }

  static *of(tokens: readonly PlacedToken[]): Steps<TokenIndex> {
    const index = new TokenIndex(tokens);
    for (const [i, { word }] of tokens.entries()) {
      const list = index.#positions.get(word);
      if (list) list.push(i);
      else index.#positions.set(word, [i]);
      if (i % COMPARISONS_PER_STEP === COMPARISONS_PER_STEP - 1) yield;
    }
    return index;
  }

  /** The positions at which the term begins, in any order. */
  *startsOf({ words, prefix }: SearchTerm): Steps<readonly number[]> {
    const [word = ""] = words;
    if (words.length === 1) {
      if (!prefix) return this.#positions.get(word) ?? [];
      return this.#wordsWith(word).flatMap((each) => this.#positions.get(each) ?? []);
    }
    if (!words.slice(0, -1).every((each) => this.#positions.has(each))) return [];
    return yield* this.#phraseStarts(words, prefix);
  }

  #wordsWith(prefix: string): string[] {
    this.#sortedWords ??= [...this.#positions.keys()].sort();
    const words = this.#sortedWords;
    let low = 0;
    for (let high = words.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((words[middle] as string) < prefix) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (words[end]?.startsWith(prefix)) end++;
    return words.slice(low, end);
  }

  /** Knuth, Morris and Pratt: no word of the text is compared more than twice, however the phrase repeats. */
  *#phraseStarts(words: readonly string[], prefix: boolean): Steps<number[]> {
    const whole = prefix ? words.slice(0, -1) : words;
    const last = prefix ? (words.at(-1) as string) : "";
    const borders = bordersOf(whole);
    const starts: number[] = [];
    let matched = 0;
    for (let i = 0; i < this.#tokens.length; i++) {
      const { word } = this.#tokens[i] as PlacedToken;
      while (matched > 0 && whole[matched] !== word) matched = borders[matched - 1] as number;
      if (whole[matched] === word) matched++;
      if (matched === whole.length) {
        if (!prefix || this.#tokens[i + 1]?.word.startsWith(last)) starts.push(i - whole.length + 1);
        matched = borders[matched - 1] as number;
      }
      if (i % COMPARISONS_PER_STEP === COMPARISONS_PER_STEP - 1) yield;
    }
    return starts;
  }
}

/** For each beginning of the words: how many at its end are also its first ones, not all of them. */
function bordersOf(words: readonly string[]): number[] {
  const borders = [0];
  for (let i = 1, border = 0; i < words.length; i++) {
    while (border > 0 && words[border] !== words[i]) border = borders[border - 1] as number;
    if (words[border] === words[i]) border++;
    borders.push(border);
  }
  return borders;
}

function matchesAt({ words, prefix }: SearchTerm, tokens: readonly PlacedToken[], at: number): boolean {
  const last = words.length - 1;
  for (let i = 0; i <= last; i++) {
    const token = tokens[at + i]?.word;
    if (token === words[i]) continue;
    return prefix && i === last && token?.startsWith(words[i] as string) === true;
  }
  return true;
}
