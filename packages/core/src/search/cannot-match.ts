import { isAsciiText } from "./ascii-text.ts";
import type { SearchTerm } from "./search.ts";

/**
 * True only if no string inside this raw text can match. False proves nothing. Reading the raw text of a file
 * instead of its parsed contents is what makes a search without an index affordable.
 *
 * @param text holds every string unescaped, except that characters other than letters, digits and marks may
 *   be written as the short escapes of JSON (`\n`, `\"`).
 */
export function cannotMatch(text: string, terms: readonly SearchTerm[]): boolean {
  // Outside ASCII a word can be spelled in several ways; in ASCII text it stands literally, except for its
  // case.
  if (!isAsciiText(text)) return false;
  const lower = text.toLowerCase();
  const words = terms.flatMap((term) => term.words.slice(0, MOST_WORDS));
  return words.slice(0, MOST_WORDS).some((word) => !lower.includes(word));
}

/** So many words are looked for: each costs the whole text, and all are matched later anyway. */
const MOST_WORDS = 16;
