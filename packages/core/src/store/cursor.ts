import { invalidInput } from "../model/errors.ts";

/** What a cursor holds: the sort key and tie-breaker of the last row of its page. */
export type Position = readonly (number | string | null)[];

/**
 * An opaque text for a position in the result of a query.
 *
 * @param query everything that distinguishes one query from another; a cursor is valid for its own query
 *   only.
 */
export function encodeCursor(query: unknown, position: Position): string {
  return toBase64Url(asAscii(JSON.stringify([signature(query), ...position])));
}

function asAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @throws {SessionError} invalid_input when it is no cursor, or the cursor of another query. */
export function decodeCursor(
  query: unknown,
  cursor: string,
  isPosition: (position: Position) => boolean,
): Position {
  const parsed = parse(cursor);
  if (parsed === null) throw invalidInput("The cursor is not one that this store gave.", { field: "cursor" });
  const [stamp, ...position] = parsed;
  if (stamp !== signature(query) || !isPosition(position)) {
    throw invalidInput("The cursor belongs to another query. Ask for the first page again.", {
      field: "cursor",
    });
  }
  return position;
}

function parse(cursor: string): Position | null {
  try {
    const parsed: unknown = JSON.parse(fromBase64Url(cursor));
    return Array.isArray(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/**
 * 32 bits (FNV-1a): enough to detect a mistake. It does not protect against a forged cursor, which is
 * harmless.
 */
function signature(query: unknown): number {
  const text = JSON.stringify(query);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i) as number;
    if (codePoint > 0xffff) i++;
    hash = Math.imul(hash ^ codePoint, 0x01000193);
  }
  return hash >>> 0;
}

function toBase64Url(ascii: string): string {
  return btoa(ascii).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64Url(text: string): string {
  return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
}
