import {
  isSessionError,
  type SessionError,
  type SessionFilter,
  type SessionId,
  type SessionMetadata,
  type StoredEntry,
} from "@thulp-sessions/core";
import {
  idsOfFilter,
  type ListRequest,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  scanSearch,
} from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import type { SessionList } from "../query/session-list.ts";
import type { SessionReads } from "../query/session-reads.ts";
import { tsqueryOf } from "../tables/words.ts";
import { type Candidates, type CandidatesQuery, findCandidates } from "./search-candidates.ts";

/** With more candidates than that the newest sessions are walked through: a page is soon full. */
const MAX_CANDIDATES = 2_000;
/** Of more hits the newest are ranked: all that hold a common word would be read for one page. */
const MAX_RANKED = 2_000;
/** With more than that a search waits for the index. */
const MAX_UNINDEXED = 2_000;
const SESSIONS_PER_PAGE = 200;
/** How many of a list of ids one filter may hold is bounded. */
const IDS_PER_LIST = 1_000;
const LOWEST_ID = "00000000-0000-0000-0000-000000000000" as SessionId;

export interface SearchParts {
  readonly database: Database;
  readonly list: SessionList;
  readonly reads: SessionReads;
  /** Called for every session that cannot be searched to its end. */
  readonly onDamaged: (error: SessionError) => void;
  /** Brings the index up to date with what was written. */
  readonly index: () => Promise<void>;
  /** Called where words are missing that programs which do not index have left out: they are read instead. */
  readonly onLeftOut: () => void;
}

/**
 * Searches by the index of words, which says what may match, and by the text of that, which says what does:
 * so the hits are those of every store.
 */
export class SessionSearch {
  readonly #parts: SearchParts;

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  async page(request: SearchRequest): Promise<Rows<PlacedHit>> {
    const tsquery = tsqueryOf(request.terms);
    const ids = idsOfFilter(request.filter);
    const found = await this.#candidates({ tsquery, ids, most: MAX_CANDIDATES });
    return found ? this.#searchThese(request, found) : this.#walk(request, tsquery);
  }

  async #candidates(query: CandidatesQuery): Promise<ReadonlyMap<SessionId, Candidates> | null> {
    const found = await findCandidates(this.#parts.database, query);
    if (found.hasLeftOut) this.#parts.onLeftOut();
    if (!found.sessions || found.unindexed <= MAX_UNINDEXED) return found.sessions;
    try {
      await this.#parts.index();
    } catch {
      // It takes longer; the background maintenance warns of what is wrong.
      return found.sessions;
    }
    return (await findCandidates(this.#parts.database, query)).sessions;
  }

  /** Few sessions: all of them, by their time. */
  async #searchThese(
    request: SearchRequest,
    found: ReadonlyMap<SessionId, Candidates>,
  ): Promise<Rows<PlacedHit>> {
    const ids = [...found.keys()];
    const sessions: SessionMetadata[] = [];
    for (let i = 0; i < ids.length; i += IDS_PER_LIST) {
      const filter: SessionFilter = { and: [request.filter, { ids: ids.slice(i, i + IDS_PER_LIST) }] };
      for await (const page of this.#pages({ ...request, filter, after: null })) sessions.push(...page);
    }
    sessions.sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1));
    return scanSearch(sessions, ({ id }) => this.#entriesOf(id, found), request, MAX_RANKED);
  }

  /** Many: the newest sessions, until the page is full. */
  #walk(request: SearchRequest, tsquery: string | null): Promise<Rows<PlacedHit>> {
    const lot = { found: new Map<SessionId, Candidates>() as ReadonlyMap<SessionId, Candidates> };
    const entriesOf = ({ id }: SessionMetadata) => this.#entriesOf(id, lot.found);
    return scanSearch(this.#withCandidates(request, tsquery, lot), entriesOf, request, MAX_RANKED);
  }

  /** @param lot gets what may match of the sessions that come next. */
  async *#withCandidates(
    request: SearchRequest,
    tsquery: string | null,
    lot: { found: ReadonlyMap<SessionId, Candidates> },
  ): AsyncGenerator<SessionMetadata> {
    for await (const sessions of this.#pages(request)) {
      const ids = sessions.map(({ id }) => id);
      lot.found = (await this.#candidates({ tsquery, ids })) ?? new Map();
      for (const session of sessions) if (lot.found.has(session.id)) yield session;
    }
  }

  /** The sessions of a filter from the place of a search on, the newest first. */
  async *#pages({
    filter,
    after: place,
  }: Pick<SearchRequest, "filter" | "after">): AsyncGenerator<readonly SessionMetadata[]> {
    const order = { filter, orderBy: "updatedAt", direction: "desc", limit: SESSIONS_PER_PAGE } as const;
    // The session of the place has further hits, maybe.
    let after: ListRequest["after"] = place && { time: place.updatedAt + 1, id: LOWEST_ID };
    for (;;) {
      const { items, hasMore }: Rows<SessionMetadata> = await this.#parts.list.page({ ...order, after });
      yield items;
      const last = items.at(-1);
      if (!hasMore || !last) return;
      after = { time: last.updatedAt, id: last.id };
    }
  }

  /** Those that may match, or those before the first damaged one. */
  async *#entriesOf(id: SessionId, found: ReadonlyMap<SessionId, Candidates>): AsyncGenerator<StoredEntry> {
    const { reads, onDamaged } = this.#parts;
    const { seqs, from } = found.get(id) ?? { seqs: [], from: null };
    try {
      yield* reads.entriesAt(id, from === null ? seqs : seqs.filter((seq) => seq < from));
      if (from !== null) yield* reads.entriesFrom(id, from);
    } catch (error) {
      // It was deleted in the meantime.
      if (isSessionError(error, "not_found")) return;
      if (!isSessionError(error, "corrupt")) throw error;
      onDamaged(error);
    }
  }
}
