import { runSteps, runStepsInTurns, type Steps } from "../async/steps.ts";
import type { Yielder } from "../async/yielder.ts";
import { totalLength } from "./content-strings.ts";
import { matchAscii } from "./match-ascii.ts";
import { SNIPPET_AFTER } from "./match-spans.ts";
import { matchTokensSteps } from "./match-tokens.ts";
import type { SearchTerm } from "./search.ts";

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
  return runSteps(matchSteps(strings, terms));
}

/** The same; long texts are gone through in pieces, between which timers and I/O have their turn. */
export async function matchStringsInTurns(
  strings: readonly string[],
  terms: readonly SearchTerm[],
  yielder: Yielder,
): Promise<TextMatch | null> {
  return totalLength(strings) > SHORT_LENGTH
    ? runStepsInTurns(matchSteps(strings, terms), yielder)
    : matchStrings(strings, terms);
}

/** Texts up to this length, in UTF-16 units, take a few milliseconds at most. */
const SHORT_LENGTH = 32 * 1024;

function* matchSteps(strings: readonly string[], terms: readonly SearchTerm[]): Steps<TextMatch | null> {
  if (terms.length === 0) return null;
  const found = matchAscii(strings, terms) ?? (yield* matchTokensSteps(strings, terms));
  if (found === "nowhere") return null;
  return { ...cutSnippet(strings[found.string] as string, found.ranges), occurrences: found.occurrences };
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
