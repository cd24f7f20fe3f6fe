/**
 * A text as one segment of a path. A browser takes `.` and `..` away, encoded or not, and an empty segment
 * says nothing: these, and what looks like their encoding, get a `~` before them.
 */
export function encodeSegment(text: string): string {
  return `${/^(~|\.{1,2}$|$)/.test(text) ? "~" : ""}${encodeURIComponent(text)}`;
}

/** @returns `null` for a segment that is no text. */
export function decodeSegment(segment: string): string | null {
  try {
    const text = decodeURIComponent(segment);
    return text.startsWith("~") ? text.slice(1) : text === "" ? null : text;
  } catch {
    return null;
  }
}

export function textOf(params: URLSearchParams, key: string): string {
  return params.get(key) ?? "";
}

/** One of some words; the first of them where the parameter is missing or another one. */
export function oneOf<const T extends string>(
  params: URLSearchParams,
  key: string,
  words: readonly [T, ...T[]],
): T {
  const value = params.get(key);
  return words.find((word) => word === value) ?? words[0];
}
