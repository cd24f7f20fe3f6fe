import { isPlainText } from "./ascii-text.ts";
import type { SearchTerm } from "./search.ts";

/**
 * Is it certain at a glance that none of the strings in a text matches the terms, whatever else stands between them? Each
 * string has to stand there as it is, but for what is no letter, digit or mark (the short escapes of JSON). False means nothing.
 */
export function rulesOut(text: string, terms: readonly SearchTerm[]): boolean {
  // Elsewhere a word may be written in other letters than the search gives: only in plain text it stands there, case aside.
  if (!isPlainText(text)) return false;
  const lower = text.toLowerCase();
  return terms.some(({ words }) => words.some((word) => !lower.includes(word)));
}
