const NON_ASCII = /[^\0-\x7f]/;
// Letters, digits and marks that are no ASCII.
const FOREIGN = /(?![\0-\x7f])[\p{L}\p{N}\p{M}]/u;

/**
 * Has the text no letters, digits and marks but those of ASCII, whatever stands between them? Then its words are its runs of
 * a-z and 0-9 in lower case, and nothing of what makes words costly has to be looked at.
 */
export function isPlainText(text: string): boolean {
  return !NON_ASCII.test(text) || !FOREIGN.test(text);
}
