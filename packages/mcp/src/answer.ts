import type { CallToolResult } from "@modelcontextprotocol/server";
import { isSessionError } from "@thulp-sessions/core";

/** The least that an answer may be bounded to: a row of a session and what stands around it. */
export const MIN_ANSWER = 4000;

/** What an answer holds beside its rows, in characters: a key, a cursor. */
export const AROUND_ROWS = 200;

/**
 * Answers with a value, as such and as text, and where the store refuses, with `code: message`. Other errors
 * are faults of ours and of no use to an agent: their messages, which may quote anything, go to `onError`.
 */
export async function answer(
  { onError }: { readonly onError: (error: Error) => void },
  make: () => Promise<Record<string, unknown>>,
): Promise<CallToolResult> {
  try {
    const value = await make();
    return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value };
  } catch (error) {
    if (isSessionError(error)) return refusal(`${error.code}: ${error.message}`);
    onError(error instanceof Error ? error : new Error(String(error)));
    return refusal("internal: the server could not answer.");
  }
}

function refusal(text: string): CallToolResult {
  return { content: [{ type: "text", text }], isError: true };
}

/** A page of something, and where the next one begins. */
interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/**
 * The rows of a page that take at most `maxChars` together. A cursor stands at the end of a page: where not
 * all fit, it is that of a shorter one, so that nothing is passed over.
 *
 * @param pageOf reads a page of at most so many.
 */
export async function fittingPage<T, R>(
  limit: number,
  maxChars: number,
  pageOf: (limit: number) => Promise<Page<T>>,
  rowsOf: (items: readonly T[]) => R[] | Promise<R[]>,
): Promise<{ readonly rows: R[]; readonly nextCursor: string | null }> {
  const page = await pageOf(limit);
  const rows = await rowsOf(page.items);
  const count = countFitting(rows, maxChars);
  if (count === rows.length) return { rows, nextCursor: page.nextCursor };
  const shorter = await pageOf(count);
  return { rows: await rowsOf(shorter.items), nextCursor: shorter.nextCursor };
}

/** Characters of a value as JSON text. */
export function lengthOf(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
}

/** How many of the first items take at most `maxChars` as JSON text; one at least, where there is one. */
function countFitting(items: readonly unknown[], maxChars: number): number {
  let left = maxChars;
  const first = items.findIndex((item, i) => {
    left -= lengthOf(item) + 1;
    return left < 0 && i > 0;
  });
  return first < 0 ? items.length : first;
}

/** The beginning of a text, never half of a character. */
export function beginning(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const isHalf = /[\uD800-\uDBFF]/.test(text.charAt(maxChars - 1));
  return `${text.slice(0, isHalf ? maxChars - 1 : maxChars)}…`;
}
