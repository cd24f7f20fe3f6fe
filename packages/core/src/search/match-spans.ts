/** How far a snippet extends from the start of its first match, in UTF-16 units. */
export const SNIPPET_AFTER = 120;

/** The matches of one search that its snippet shows: all in one string, in their order. */
export interface MatchSpans {
  /** The index of the string that holds the first match. */
  readonly string: number;
  /** From the first match on, as far as a snippet extends; [start, end) in UTF-16 units. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  /** Matches in all strings together; for ranking. */
  readonly occurrences: number;
}
