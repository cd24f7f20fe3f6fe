// PostgreSQL has no U+0000 in a text. It and the next three characters are stored as U+0001 followed by two
// of U+0002 and U+0003. U+0001 stands at the beginning of a code and nowhere else, so that what begins with
// a text, or contains it, does so in its stored form too; and all other text stays readable in psql.

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
const NEEDS_CODE = /[\0-\x03]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
const CODE = /\x01([\x02\x03])([\x02\x03])/g;
const ZERO = 2;

/** The stored form of a text. */
export function encodeText(text: string): string {
  return text.replace(NEEDS_CODE, (character) => {
    const value = character.charCodeAt(0);
    return String.fromCharCode(1, ZERO + (value >> 1), ZERO + (value & 1));
  });
}

/** The text of a stored form. */
export function decodeText(stored: string): string {
  if (!stored.includes("\x01")) return stored;
  return stored.replace(CODE, (_, high: string, low: string) =>
    String.fromCharCode((high.charCodeAt(0) - ZERO) * 2 + (low.charCodeAt(0) - ZERO)),
  );
}
