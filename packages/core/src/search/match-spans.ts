/** How far a snippet reaches from the beginning of its first match, in UTF-16 units. */
export const SNIPPET_AFTER = 120;

/** Where the matches of one search stand: in which string, and where there. Those of one string in their order. */
export interface FoundPlaces {
  readonly string: number;
  /** From the first match on, as far as a snippet reaches. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  readonly occurrences: number;
}
