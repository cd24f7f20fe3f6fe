import type {
  EntriesQuery,
  ListQuery,
  SearchHit,
  SearchQuery,
  SessionMetadata,
  SessionStore,
  StoredEntry,
  StoredSession,
} from "@thulp-sessions/core";
import { deepEqual, fail } from "./assert.ts";

/** More pages than any case has: a store whose cursor goes in circles is to fail, not to hang. */
const MAX_PAGES = 2000;

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** The items of all pages. `between` is called after each page that is not the last. */
export async function readPages<T>(
  page: (cursor: string | undefined) => Promise<Page<T>>,
  between: () => Promise<void> = async () => {},
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const { items: more, nextCursor } = await page(cursor);
    items.push(...more);
    if (nextCursor === null) return items;
    cursor = nextCursor;
    await between();
  }
  fail(`the pages do not end: there are more than ${MAX_PAGES}`);
}

export function listAll(store: SessionStore, query: ListQuery = {}): Promise<SessionMetadata[]> {
  return readPages((cursor) => store.list({ ...query, cursor }));
}

export function readAll(store: SessionStore, id: string, query: EntriesQuery = {}): Promise<StoredEntry[]> {
  return readPages((cursor) => store.readEntries(id, { ...query, cursor }));
}

export function searchAll(store: SessionStore, query: SearchQuery): Promise<SearchHit[]> {
  return readPages((cursor) => store.search({ ...query, cursor }));
}

/** Everything that the store holds, in the order of ids. */
export async function contents(store: SessionStore): Promise<StoredSession[]> {
  const ids = (await listAll(store, { limit: 1000 })).map(({ id }) => id).sort();
  return Promise.all(ids.map((id) => store.get(id)));
}

/** Runs `calls` and sees to it that the store holds afterwards what it held before, versions included. */
export async function changesNothing(
  store: SessionStore,
  what: string,
  calls: () => Promise<unknown>,
): Promise<void> {
  const before = await contents(store);
  await calls();
  deepEqual(await contents(store), before, `the contents of the store after ${what}`);
}
