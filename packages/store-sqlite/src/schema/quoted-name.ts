const MOST_CHARACTERS = 80;

/** A name that somebody else has chosen, for a message: short, and nothing in it can steer a terminal. */
export function quotedName(name: unknown, quote = '"'): string {
  const text = String(name);
  const short = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text;
  const visible = short.replace(/[\p{C}\p{Zl}\p{Zp}"\\]/gu, (character) => escaped(character));
  return quote + visible + quote;
}

function escaped(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
