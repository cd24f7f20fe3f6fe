import { concurrentChange } from "../model/errors.ts";
import type { SessionMetadata } from "../model/model.ts";
import type { SessionFilter } from "../rules/filter.ts";
import { sessionPages as pagesOf } from "../store/all-sessions.ts";
import { type EntryPage, MAX_PAGE, type SessionStore } from "../store/session-store.ts";

/**
 * The sessions of a filter, the oldest first, 1,000 a page: by `createdAt`, so that one that is written to
 * meanwhile still comes exactly once.
 *
 * @throws {SessionError} what `list` throws, while iterating.
 */
export function sessionPages(
  store: SessionStore,
  filter: SessionFilter,
): AsyncGenerator<readonly SessionMetadata[], void, undefined> {
  return pagesOf(store, { filter, orderBy: "createdAt", direction: "asc" });
}

/**
 * The entries with a greater `seq` than `after`, in ascending order, in pages of at most 1,000 and 8 MiB. All
 * of them are of one epoch: entries that others append meanwhile come too, entries that others drop end it.
 *
 * @param after -1 gives all.
 * @throws {SessionError} conflict when entries were dropped or replaced between two pages; what `readEntries`
 *   throws, while iterating.
 */
export async function* entryPages(
  store: SessionStore,
  id: string,
  after: number,
): AsyncGenerator<EntryPage, void, undefined> {
  let cursor: string | undefined;
  let epoch: string | undefined;
  do {
    const from = after >= 0 ? { after } : {};
    const page = await store.readEntries(id, { ...from, limit: MAX_PAGE, cursor });
    epoch ??= page.epoch;
    if (page.epoch !== epoch) throw concurrentChange(id);
    yield page;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
