const NON_ASCII = /[^\0-\x7f]/;
const NON_ASCII_WORD_CHARACTER = /(?![\0-\x7f])[\p{L}\p{N}\p{M}]/u;

/**
 * True when every letter, digit and mark of the text is ASCII; other characters (dashes, emoji) do not
 * matter. The words of such a text are its runs of a-z and 0-9 in lower case, and none of the costly rules of
 * Unicode apply.
 */
export function isAsciiText(text: string): boolean {
  return !NON_ASCII.test(text) || !NON_ASCII_WORD_CHARACTER.test(text);
}
