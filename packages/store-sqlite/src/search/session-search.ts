import { isSessionError, type JsonValue, type SessionError, type SessionId } from "@thulp-sessions/core";
import {
  contentStrings,
  matchStrings,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  type SearchTerm,
} from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import type { SessionList } from "../query/session-list.ts";
import { parseJson } from "../tables/rows.ts";
import { LAST_SEQ, NAME_SEQ } from "./search-index.ts";
import { type Posting, SearchQueries } from "./search-queries.ts";

// How the postings of a page are found:
//
// order    postings of the words    strategy
// rank     any number               sort: SQLite sorts all postings
// newest   at most `maxSorted`      sort, of the postings that were found when they were counted
// newest   more                     walk: the index is asked for one session after the other, the newest
//                                   first, until the page is full. After `maxWalked` sessions the rest
//                                   is sorted: the words may be in old sessions only.
//
// Sorting costs time in proportion to the postings, walking in proportion to the sessions before the page is
// full. Both are bounded so that a page takes milliseconds (bench search-sqlite).
const DEFAULT_BOUNDS = { maxSorted: 2000, maxWalked: 500 };

export type SearchBounds = Readonly<typeof DEFAULT_BOUNDS>;

/**
 * Searches with `search_index`. Core then matches the text of each posting, which decides what a hit is and
 * shows.
 */
export class SessionSearch {
  readonly #file: string;
  readonly #list: SessionList;
  readonly #bounds: SearchBounds;
  readonly #onDamaged: (error: SessionError) => void;
  readonly #queries: SearchQueries;
  readonly #name;

  /** @param onDamaged called for every text that cannot be read. */
  constructor(
    database: Database,
    list: SessionList,
    onDamaged: (error: SessionError) => void,
    bounds: SearchBounds = DEFAULT_BOUNDS,
  ) {
    this.#file = database.file;
    this.#list = list;
    this.#onDamaged = onDamaged;
    this.#bounds = bounds;
    this.#queries = new SearchQueries(database);
    this.#name = database.client.prepare<[number], string>("SELECT name FROM sessions WHERE key = ?").pluck();
  }

  page(request: SearchRequest): Rows<PlacedHit> {
    const { limit, order, terms } = request;
    const contentOf = this.#queries.contentFinder(request);
    const hits: PlacedHit[] = [];
    for (const posting of this.#postings(request)) {
      const hit = this.#hitOf(posting, terms, contentOf);
      if (!hit) continue;
      if (hits.length === limit) return { items: hits, hasMore: order === "newest" };
      hits.push(hit);
    }
    return { items: hits, hasMore: false };
  }

  /** In the order of the page. Some may turn out to be no hits, so there can be more than a page of them. */
  *#postings(request: SearchRequest): Generator<Posting> {
    let { after } = request;
    const rowids = request.order === "newest" ? this.#queries.rowids(request, this.#bounds.maxSorted) : null;
    if (request.order === "newest" && rowids === null) {
      const walked = yield* this.#walk(request);
      if (walked === "all") return;
      after = walked.rest;
    }
    // One more, to know whether there are more.
    const limit = request.limit + 1;
    for (;;) {
      const postings = this.#queries.page({ ...request, after, limit }, rowids);
      yield* postings;
      const last = postings.at(-1);
      if (!last || postings.length < limit || request.order === "rank") return;
      const [, id, updatedAt, seq] = last;
      after = { id, updatedAt, seq };
    }
  }

  /** @returns after which place the rest is to be searched. */
  *#walk(request: SearchRequest): Generator<Posting, "all" | { readonly rest: SearchRequest["after"] }> {
    const { filter, after } = request;
    const order = { filter, orderBy: "updatedAt", direction: "desc" } as const;
    // Begins with the session in which the last page ended: no id is between its own and this one.
    let place = after && { time: after.updatedAt, id: `${after.id}~` as SessionId };
    let walked = 0;
    for (let limit = 5; walked < this.#bounds.maxWalked; limit = Math.min(limit * 4, 100)) {
      const sessions = this.#list.rows({ ...order, after: place, limit });
      for (const { key, id, updatedAt } of sessions) {
        const first = id === after?.id ? after.seq + 1 : NAME_SEQ;
        for (const seq of this.#inSession(request, key, first)) yield [key, id as SessionId, updatedAt, seq];
      }
      const last = sessions.at(-1);
      if (!last || sessions.length < limit) return "all";
      place = { time: last.updatedAt, id: last.id as SessionId };
      walked += sessions.length;
    }
    if (walked === 0 || !place) return { rest: after };
    return { rest: { updatedAt: place.time, id: place.id, seq: LAST_SEQ } };
  }

  *#inSession(request: SearchRequest, key: number, first: number): Generator<number> {
    for (let from = first; ; ) {
      const found = this.#queries.inSession(request, key, from);
      yield* found;
      const last = found.at(-1);
      if (last === undefined || found.length <= request.limit) return;
      from = last + 1;
    }
  }

  /**
   * `undefined` where the search leaves the entry out, or where the text does not contain the words after
   * all: it is damaged, or was indexed by another version of Unicode.
   */
  #hitOf(
    [key, id, updatedAt, seq]: Posting,
    terms: readonly SearchTerm[],
    contentOf: (key: number, seq: number) => string | undefined,
  ): PlacedHit | undefined {
    const isName = seq === NAME_SEQ;
    const text = isName ? this.#name.get(key) : contentOf(key, seq);
    if (text === undefined) return undefined;
    try {
      const match = matchStrings(isName ? [text] : this.#stringsOf(id, seq, text), terms);
      if (!match) return undefined;
      const { snippet, offsets } = match;
      return { sessionId: id, seq: isName ? null : seq, snippet, offsets, updatedAt };
    } catch (error) {
      if (!isSessionError(error, "corrupt")) throw error;
      this.#onDamaged(error);
      return undefined;
    }
  }

  #stringsOf(id: SessionId, seq: number, content: string): string[] {
    return contentStrings(parseJson<JsonValue>(content, this.#file, id, `entries[${seq}].content`));
  }
}
