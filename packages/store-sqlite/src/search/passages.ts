import type { Steps } from "@thulp-sessions/core/store";

/** A phrase of more words is looked up by its first ones; the text decides on the rest. */
export const MAX_PHRASE_WORDS = 16;

/** So many words are added to the index in some milliseconds, all of them different or not. */
const PASSAGE_WORDS = 4096;
/** Two passages share these, so that every phrase that is looked up lies within one. */
const SHARED_WORDS = MAX_PHRASE_WORDS - 1;
const STRIDE = PASSAGE_WORDS - SHARED_WORDS;

/**
 * Parts the words of an entry, joined by spaces, into passages: what `search_index` takes at once. A passage
 * begins at a fixed number of words, so that two processes part the same entry alike. In pieces, for long
 * ones.
 */
export function* passageSteps(words: string): Steps<string[]> {
  const starts = [0];
  let spaces = 0;
  // Not `split`, which makes a string of each word.
  for (let at = words.indexOf(" "); at >= 0; at = words.indexOf(" ", at + 1))
    if (++spaces % STRIDE === 0) {
      starts.push(at + 1);
      yield;
    }
  // The passage before has all of them.
  if (starts.length > 1 && spaces % STRIDE < SHARED_WORDS) starts.pop();
  return starts.map((start, i) => words.slice(start, endOfWords(words, starts[i + 1], SHARED_WORDS)));
}

/** Where so many words from `start` on end; at the end of all without a start. */
function endOfWords(words: string, start: number | undefined, count: number): number {
  let end = start === undefined ? -1 : start - 1;
  for (let i = 0; i < count && start !== undefined; i++) {
    end = words.indexOf(" ", end + 1);
    if (end < 0) break;
  }
  return end < 0 ? words.length : end;
}
