import {
  isSessionError,
  type SessionError,
  type SessionId,
  type SessionMetadata,
  type StoredEntry,
} from "@thulp-sessions/core";
import {
  type EntriesRequest,
  type ListRequest,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  scanSearch,
} from "@thulp-sessions/core/store";
import { yieldToEventLoop } from "../connection/real-time.ts";

const SESSIONS_PER_PAGE = 1000;
const ENTRIES_PER_PAGE = 500;

interface Reads {
  list(request: ListRequest): Promise<Rows<SessionMetadata>>;
  entries(id: SessionId, request: EntriesRequest): Promise<Rows<StoredEntry>>;
  /** Called for every session that cannot be read to its end. */
  onDamaged(error: SessionError): void;
}

/**
 * Search for the case that the index is behind and cannot be brought up to date, because nothing can be
 * written. It reads the sessions themselves, as stores without an index do: it finds the same hits, in the
 * time that reading takes.
 */
export async function searchUnindexed(request: SearchRequest, reads: Reads): Promise<Rows<PlacedHit>> {
  const sessions = await newestFirst(request.filter, reads);
  return scanSearch(sessions, ({ id }) => entriesOf(id, reads), request);
}

async function newestFirst(filter: SearchRequest["filter"], { list }: Reads): Promise<SessionMetadata[]> {
  const order = { filter, orderBy: "updatedAt", direction: "desc", limit: SESSIONS_PER_PAGE } as const;
  const all: SessionMetadata[] = [];
  for (;;) {
    const last = all.at(-1);
    const page = await list({ ...order, after: last ? { time: last.updatedAt, id: last.id } : null });
    all.push(...page.items);
    if (!page.hasMore) return all;
  }
}

/** All entries, or those before the first damaged one. */
async function* entriesOf(id: SessionId, { entries, onDamaged }: Reads): AsyncGenerator<StoredEntry> {
  const order = { types: null, direction: "asc", limit: ENTRIES_PER_PAGE } as const;
  try {
    for (let after = -1, hasMore = true; hasMore; ) {
      await yieldToEventLoop();
      const page = await entries(id, { ...order, after, before: Number.MAX_SAFE_INTEGER });
      yield* page.items;
      after = page.items.at(-1)?.seq ?? after;
      hasMore = page.hasMore;
    }
  } catch (error) {
    // It was deleted in the meantime.
    if (isSessionError(error, "not_found")) return;
    if (!isSessionError(error, "corrupt")) throw error;
    onDamaged(error);
  }
}
