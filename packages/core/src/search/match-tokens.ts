import { runSteps, type Steps } from "../async/steps.ts";
import { MAX_SEARCHED_WORDS } from "./content-strings.ts";
import { IntList } from "./int-list.ts";
import { type MatchSpans, SNIPPET_AFTER } from "./match-spans.ts";
import type { SearchTerm } from "./search.ts";
import { comparedWord, scanWordsSteps } from "./tokenize.ts";

/** So many comparisons of words take some milliseconds, */
const COMPARISONS_PER_STEP = 32_768;
/** and so many that are looked up. */
const LOOKUPS_PER_STEP = 8_192;

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
  const index = new TokenIndex(strings, terms);
  yield* index.fill();
  let occurrences = 0;
  let first = index.length;
  for (const term of terms) {
    const starts = yield* index.startsOf(term);
    if (starts.length === 0) return "nowhere";
    for (const start of starts) first = Math.min(first, start);
    occurrences += starts.length;
  }
  const { string, start } = index.place(first);
  // Only what the snippet shows is collected: a word that occurs everywhere would fill the memory.
  const ranges: { start: number; end: number }[] = [];
  for (let i = first; i < index.length; i++) {
    const token = index.place(i);
    if (token.string !== string || token.start >= start + SNIPPET_AFTER) break;
    for (const term of terms) {
      if (!index.matchesAt(term, i)) continue;
      ranges.push({ start: token.start, end: index.place(i + term.words.length - 1).end });
    }
  }
  return { string, ranges, occurrences };
}

/** Of a word that the search does not have, and of a boundary between two strings. */
const OTHER = 0;

/** Words of which the beginning is looked for, all with the same first unit. */
interface Prefixes {
  /** A word is looked up once for each: of a search that is as long as may be there are some ninety. */
  readonly lengths: Set<number>;
  readonly positions: Map<string, number[]>;
}

/**
 * Where the words of a search are in a text. Numbers alone are kept of each word of the text: there may be
 * 262,144, and an object of each would hold up everybody when they are cleared away.
 */
class TokenIndex {
  readonly #strings: readonly string[];
  readonly #starts = new IntList();
  readonly #ends = new IntList();
  /** Which of the strings; -1 for a boundary. */
  readonly #string = new IntList();
  /** Which word of the search, from 1, or {@link OTHER}. */
  readonly #words = new IntList();
  readonly #numbers = new Map<string, number>();
  /** By the number of the word. */
  readonly #positions: number[][] = [[]];
  /** By their first UTF-16 unit. */
  readonly #prefixes = new Map<number, Prefixes>();

  constructor(strings: readonly string[], terms: readonly SearchTerm[]) {
    this.#strings = strings;
    for (const { words, prefix } of terms) {
      for (const word of prefix ? words.slice(0, -1) : words) this.#addWord(word);
      if (prefix && words.length === 1) this.#addPrefix(words[0] as string);
    }
  }

  /** To be called once, before everything else. */
  *fill(): Steps<void> {
    let most = 1;
    for (const { lengths } of this.#prefixes.values()) most = Math.max(most, lengths.size);
    const wordsPerStep = Math.ceil(LOOKUPS_PER_STEP / (1 + most));
    let left = MAX_SEARCHED_WORDS;
    for (const [string, text] of this.#strings.entries()) {
      if (string > 0) this.#add(OTHER, 0, 0, -1);
      left -= yield* scanWordsSteps(text, { most: left, wordsPerStep }, (word, start, end) => {
        if (word !== null) {
          this.#lookUp(word);
          this.#add(this.#numbers.get(word) ?? OTHER, start, end, string);
        } else if (this.length > 0 && this.#ends.at(this.length - 1) === start)
          this.#ends.set(this.length - 1, end);
      });
      if (left === 0) break;
    }
  }

  get length(): number {
    return this.#words.length;
  }

  place(at: number): { readonly string: number; readonly start: number; readonly end: number } {
    return {
      string: this.#string.at(at),
      start: this.#starts.at(at),
      end: this.#ends.at(at),
    };
  }

  #addWord(word: string): void {
    if (this.#numbers.has(word)) return;
    this.#numbers.set(word, this.#positions.length);
    this.#positions.push([]);
  }

  #addPrefix(prefix: string): void {
    const first = prefix.charCodeAt(0);
    const { lengths, positions } = this.#prefixes.get(first) ?? { lengths: new Set(), positions: new Map() };
    this.#prefixes.set(first, {
      lengths: lengths.add(prefix.length),
      positions: positions.set(prefix, []),
    });
  }

  /** Of the next word that is added. */
  #lookUp(word: string): void {
    const prefixes = this.#prefixes.get(word.charCodeAt(0));
    for (const length of prefixes?.lengths ?? [])
      if (length <= word.length) prefixes?.positions.get(word.slice(0, length))?.push(this.length);
  }

  #add(word: number, start: number, end: number, string: number): void {
    if (word !== OTHER) this.#positions[word]?.push(this.length);
    this.#words.push(word);
    this.#starts.push(start);
    this.#ends.push(end);
    this.#string.push(string);
  }

  /** The positions at which the term begins, in any order. */
  *startsOf({ words, prefix }: SearchTerm): Steps<readonly number[]> {
    const [word = ""] = words;
    if (words.length === 1) {
      if (!prefix) return this.#positionsOf(word);
      return this.#prefixes.get(word.charCodeAt(0))?.positions.get(word) ?? [];
    }
    const whole = prefix ? words.slice(0, -1) : words;
    if (whole.some((each) => this.#positionsOf(each).length === 0)) return [];
    return yield* this.#phraseStarts(whole, prefix ? (words.at(-1) as string) : "");
  }

  #positionsOf(word: string): readonly number[] {
    return this.#positions[this.#numbers.get(word) ?? OTHER] ?? [];
  }

  /**
   * Knuth, Morris and Pratt: no word of the text is compared more than twice, however the phrase repeats.
   *
   * @param last what the word behind the phrase begins with; empty for none.
   */
  *#phraseStarts(phrase: readonly string[], last: string): Steps<number[]> {
    const whole = phrase.map((word) => this.#numbers.get(word) as number);
    const borders = bordersOf(whole);
    const starts: number[] = [];
    let matched = 0;
    for (let i = 0; i < this.length; i++) {
      const word = this.#words.at(i);
      while (matched > 0 && whole[matched] !== word) matched = borders[matched - 1] as number;
      if (whole[matched] === word) matched++;
      if (matched === whole.length) {
        if (last === "" || this.#beginsWith(i + 1, last)) starts.push(i - whole.length + 1);
        matched = borders[matched - 1] as number;
      }
      if (i % COMPARISONS_PER_STEP === COMPARISONS_PER_STEP - 1) yield;
    }
    return starts;
  }

  #beginsWith(at: number, beginning: string): boolean {
    if (at >= this.length) return false;
    const { string, start, end } = this.place(at);
    return (
      string >= 0 && comparedWord((this.#strings[string] as string).slice(start, end)).startsWith(beginning)
    );
  }

  matchesAt({ words, prefix }: SearchTerm, at: number): boolean {
    return words.every((word, i) =>
      prefix && i === words.length - 1
        ? this.#beginsWith(at + i, word)
        : this.#words.at(at + i) === this.#numbers.get(word),
    );
  }
}

/** For each beginning of the words: how many at its end are also its first ones, not all of them. */
function bordersOf(words: readonly number[]): number[] {
  const borders = [0];
  for (let i = 1, border = 0; i < words.length; i++) {
    while (border > 0 && words[border] !== words[i]) border = borders[border - 1] as number;
    if (words[border] === words[i]) border++;
    borders.push(border);
  }
  return borders;
}
