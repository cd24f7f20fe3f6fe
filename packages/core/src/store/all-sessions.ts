import type { SessionMetadata } from "../model/model.ts";
import {
  type ListedHead,
  type ListQuery,
  MAX_PAGE,
  type SessionPage,
  type SessionStore,
} from "./session-store.ts";

/** What lists sessions, as every store does. */
interface Listing {
  list(query?: ListQuery): Promise<SessionPage>;
}

/** A list query over all its pages. */
export type AllSessionsQuery = Omit<ListQuery, "cursor">;

/**
 * Every session of a query, over all pages, in the order of the query: `updatedAt`, newest first, when it
 * names none. Only one page is held in memory, and the next one is read when it is asked for. A session that
 * nobody touches meanwhile comes exactly once; with `orderBy: "createdAt"` one that is updated does too.
 *
 * @param query `limit` is the size of a page, 1000 when absent.
 * @throws {SessionError} what `list` throws, while iterating.
 */
export async function* allSessions(
  store: Listing,
  query: AllSessionsQuery = {},
): AsyncGenerator<SessionMetadata, void, undefined> {
  for await (const items of sessionPages(store, query)) yield* items;
}

/** The same page by page, which is cheaper where a whole page is needed anyway. */
export async function* sessionPages(
  store: Listing,
  query: AllSessionsQuery,
): AsyncGenerator<readonly SessionMetadata[], void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await store.list({ limit: MAX_PAGE, ...query, cursor });
    yield page.items;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/**
 * The same with the head of each session. One whose context or entries cannot be read comes with what is
 * damaged.
 */
export async function* allHeads(
  store: Pick<SessionStore, "list">,
  query: AllSessionsQuery = {},
): AsyncGenerator<ListedHead, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await store.list({ limit: MAX_PAGE, ...query, heads: true, cursor });
    yield* page.items;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
