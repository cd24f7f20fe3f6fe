import { z } from "zod";
import { runSteps, type Steps } from "../async/steps.ts";
import { arrayOf } from "../model/array-of.ts";
import type { SessionId } from "../model/ids.ts";
import { ENTRY_TYPE_NAMES, type EntryTypeName } from "../model/model.ts";
import { type SessionFilter, sessionFilterSchema } from "../rules/filter.ts";
import { isAsciiText } from "./ascii-text.ts";
import { areAllSearched, MAX_SEARCHED_WORDS } from "./content-strings.ts";
import { joinedWordsSteps, MAX_WORD_LENGTH, tokenize } from "./tokenize.ts";

/** The longest text of a search, in UTF-16 units. */
export const MAX_SEARCH_TEXT = 4096;

/** The zod schema of a {@link SearchQuery}; its output has the defaults filled in. */
export const searchQuerySchema = z.strictObject({
  text: z.string().max(MAX_SEARCH_TEXT, { error: `is longer than ${MAX_SEARCH_TEXT} characters` }),
  filter: sessionFilterSchema.optional(),
  types: arrayOf(z.enum(ENTRY_TYPE_NAMES)).optional(),
  after: z.number().refine(Number.isInteger, { error: "is not a whole number" }).optional(),
  before: z.number().refine(Number.isInteger, { error: "is not a whole number" }).optional(),
  order: z.enum(["newest", "rank"]).default("newest"),
  limit: z.int().min(1).max(200).default(20),
  cursor: z.string().optional(),
});

/**
 * What to search. `text` holds words, `"phrases"` and `prefix*`es; all of them have to be found in one entry,
 * or in the name of one session. Case, diacritics and punctuation do not matter; any text is safe.
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
  /**
   * `newest` (the default): by the session's `updatedAt`, newest first, then `seq`. `rank`: best first, one
   * page.
   */
  readonly order?: "newest" | "rank" | undefined;
  /** 1 to 200, 20 when absent. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before, of the same query. */
  readonly cursor?: string | undefined;
}

/** One entry, or the name of one session, in which all terms were found. */
export interface SearchHit {
  readonly sessionId: SessionId;
  /** The `seq` of the entry, or `null` when the name of the session matched. */
  readonly seq: number | null;
  /** The text around the first match. */
  readonly snippet: string;
  /** The matches within `snippet`: [start, end) in UTF-16 units, in order, not overlapping. */
  readonly offsets: readonly (readonly [number, number])[];
}

/** One page of hits. */
export interface SearchPage {
  /** In the order of the query. */
  readonly items: readonly SearchHit[];
  /** For the next page; `null` at the end, and always with `order: "rank"`. */
  readonly nextCursor: string | null;
}

/** Separates two strings of one content, so that no phrase spans them. No query can contain it. */
export const STRING_BOUNDARY = "\uE000";

/**
 * What to put into a full-text index for these strings: their words in the form in which they are compared,
 * joined by spaces, with U+E000 as a word between two strings. An index that splits it at spaces, and changes
 * nothing else, holds exactly the words that `matchStrings` compares.
 */
export function indexText(strings: readonly string[]): string {
  return runSteps(indexTextSteps(strings));
}

/** The same in pieces, for long texts. */
export function* indexTextSteps(strings: readonly string[]): Steps<string> {
  const texts: string[] = [];
  if (areAllSearched(strings)) for (const text of strings) texts.push(wordsOf(text));
  else {
    let left = MAX_SEARCHED_WORDS;
    for (const text of strings) {
      const { words, count } = yield* joinedWordsSteps(text, left);
      texts.push(words);
      left -= count;
      if (left === 0) break;
    }
  }
  return texts.join(` ${STRING_BOUNDARY} `);
}

const LONG_WORD = new RegExp(`[a-z0-9]{${MAX_WORD_LENGTH + 1}}`, "i");

function wordsOf(text: string): string {
  if (isAsciiText(text) && !LONG_WORD.test(text)) {
    return text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, " ")
      .trim();
  }
  return runSteps(joinedWordsSteps(text)).words;
}

/** Words that have to follow each other in one string; with `prefix` the last one only has to begin so. */
export interface SearchTerm {
  /** At least one, in the form in which they are compared: lower case, without diacritics. */
  readonly words: readonly string[];
  readonly prefix: boolean;
}

/**
 * Splits the text of a search into its terms, without duplicates. A text without any letter or digit has
 * none, and then nothing matches. Any text is fine.
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
