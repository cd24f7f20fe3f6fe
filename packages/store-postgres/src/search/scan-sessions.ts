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

const SESSIONS_PER_PAGE = 1000;
const ENTRIES_PER_PAGE = 500;

interface Reads {
  list(request: ListRequest): Promise<Rows<SessionMetadata>>;
  entries(id: SessionId, request: EntriesRequest): Promise<Rows<StoredEntry>>;
  /** Called for every session that cannot be read to its end. */
  onDamaged(error: SessionError): void;
}

/** Search that reads the sessions themselves, the newest first, until a page is full. */
export async function scanSessions(request: SearchRequest, reads: Reads): Promise<Rows<PlacedHit>> {
  const sessions: SessionMetadata[] = [];
  for await (const page of pagesOf(request, reads)) sessions.push(...page);
  return scanSearch(sessions, ({ id }) => entriesOf(id, reads), request);
}

async function* pagesOf(
  { filter }: SearchRequest,
  { list }: Reads,
): AsyncGenerator<readonly SessionMetadata[]> {
  const order = { filter, orderBy: "updatedAt", direction: "desc", limit: SESSIONS_PER_PAGE } as const;
  for (let after: ListRequest["after"] = null; ; ) {
    const { items, hasMore }: Rows<SessionMetadata> = await list({ ...order, after });
    yield items;
    const last = items.at(-1);
    if (!hasMore || !last) return;
    after = { time: last.updatedAt, id: last.id };
  }
}

/** All entries, or those before the first damaged one. */
async function* entriesOf(id: SessionId, { entries, onDamaged }: Reads): AsyncGenerator<StoredEntry> {
  const order = { types: null, direction: "asc", limit: ENTRIES_PER_PAGE } as const;
  try {
    for (let after = -1, hasMore = true; hasMore; ) {
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
