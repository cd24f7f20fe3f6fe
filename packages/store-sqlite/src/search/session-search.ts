import { isSessionError, type JsonValue, type SessionError, type SessionId } from "@thulp-sessions/core";
import {
  contentStrings,
  matchStringsInTurns,
  type PlacedHit,
  type Rows,
  runStepsInTurns,
  type SearchRequest,
  Yielder,
} from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import type { SessionList } from "../query/session-list.ts";
import { parseJson } from "../tables/rows.ts";
import { decodeTextSteps } from "./decode-text.ts";
import { LAST_SEQ, NAME_SEQ } from "./rowids.ts";
import { type LongPostings, type Posting, SearchQueries } from "./search-queries.ts";

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

/** Texts are read up to this length, in UTF-16 units, before they are matched and others have their turn. */
const MAX_LENGTH = 1024 * 1024;

/** An entry or a name that has all words of a search by the index; its text decides whether it is a hit. */
interface Candidate {
  readonly key: number;
  readonly id: SessionId;
  readonly updatedAt: number;
  /** `NAME_SEQ` for the name. */
  readonly seq: number;
  /**
   * The name, or the content as JSON; `null` where it is long and to be read by itself; `undefined` where the
   * search leaves the entry out.
   */
  readonly text: string | null | undefined;
}

/** The next candidates of a search, in the order of its hits. */
export interface Candidates {
  readonly items: readonly Candidate[];
  /** Are there no more? */
  readonly isEnd: boolean;
}

/**
 * Searches with `search_index`. Core then matches the text of each candidate, which decides what a hit is and
 * shows.
 */
export class SessionSearch {
  readonly #database: Database;
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
    this.#database = database;
    this.#list = list;
    this.#onDamaged = onDamaged;
    this.#bounds = bounds;
    this.#queries = new SearchQueries(database);
    this.#name = database.client.prepare<[number], string>("SELECT name FROM sessions WHERE key = ?").pluck();
  }

  /**
   * @param withIndex calls a function at a moment at which the index has all that was written, and gives what
   *   it gives. Between two such moments long texts are read and matched, and others have their turn.
   */
  async page(
    request: SearchRequest,
    withIndex: (read: () => Candidates) => Promise<Candidates>,
  ): Promise<Rows<PlacedHit>> {
    const { limit, order } = request;
    const yielder = Yielder.ofPieces();
    const hits: PlacedHit[] = [];
    let { after } = request;
    for (let seen = 0; ; ) {
      await yielder.yieldIfDue();
      const { items, isEnd } = await withIndex(() => this.#candidates({ ...request, after }, seen));
      for (const candidate of items) {
        const hit = await this.#hitOf(candidate, request, yielder);
        if (!hit) continue;
        if (hits.length === limit) return { items: hits, hasMore: order === "newest" };
        hits.push(hit);
      }
      const last = items.at(-1);
      if (isEnd || !last) return { items: hits, hasMore: false };
      // A ranked search is one page, which has no places to go on from.
      if (order === "rank") seen += items.length;
      else after = last;
    }
  }

  /**
   * The next ones, as many as fill a page and one more; fewer, but one at least, where they are long.
   *
   * @param seen how many are left out at the beginning.
   */
  #candidates(request: SearchRequest, seen: number): Candidates {
    const contentOf = this.#queries.contentFinder(request);
    const items: Candidate[] = [];
    let length = 0;
    let toSkip = seen;
    for (const [key, id, updatedAt, seq] of this.#postings(request)) {
      if (toSkip-- > 0) continue;
      const text = seq === NAME_SEQ ? this.#name.get(key) : contentOf(key, seq);
      items.push({ key, id, updatedAt, seq, text });
      length += text?.length ?? 0;
      if (items.length > request.limit || length > MAX_LENGTH) return { items, isEnd: false };
    }
    return { items, isEnd: true };
  }

  /** In the order of the page. Some may turn out to be no hits, so there can be more than a page of them. */
  *#postings(request: SearchRequest): Generator<Posting> {
    let { after } = request;
    const long = this.#queries.longPostings(request);
    const isNewest = request.order === "newest";
    const rowids = isNewest ? this.#queries.rowids(request, long, this.#bounds.maxSorted) : null;
    if (isNewest && rowids === null) {
      const walked = yield* this.#walk(request, long);
      if (walked === "all") return;
      after = walked.rest;
    }
    // One more, to know whether there are more.
    const limit = request.limit + 1;
    for (;;) {
      const postings = this.#queries.page({ ...request, after, limit }, long, rowids);
      yield* postings;
      const last = postings.at(-1);
      if (!last || postings.length < limit || request.order === "rank") return;
      const [, id, updatedAt, seq] = last;
      after = { id, updatedAt, seq };
    }
  }

  /** @returns after which place the rest is to be searched. */
  *#walk(
    request: SearchRequest,
    long: LongPostings,
  ): Generator<Posting, "all" | { readonly rest: SearchRequest["after"] }> {
    const { filter, after } = request;
    const order = { filter, orderBy: "updatedAt", direction: "desc" } as const;
    // Begins with the session in which the last page ended: no id is between its own and this one.
    let place = after && { time: after.updatedAt, id: `${after.id}~` as SessionId };
    let walked = 0;
    for (let limit = 5; walked < this.#bounds.maxWalked; limit = Math.min(limit * 4, 100)) {
      const sessions = this.#list.rows({ ...order, after: place, limit });
      for (const { key, id, updatedAt } of sessions) {
        const first = id === after?.id ? after.seq + 1 : NAME_SEQ;
        for (const seq of this.#inSession(request, long, key, first))
          yield [key, id as SessionId, updatedAt, seq];
      }
      const last = sessions.at(-1);
      if (!last || sessions.length < limit) return "all";
      place = { time: last.updatedAt, id: last.id as SessionId };
      walked += sessions.length;
    }
    if (walked === 0 || !place) return { rest: after };
    return { rest: { updatedAt: place.time, id: place.id, seq: LAST_SEQ } };
  }

  *#inSession(request: SearchRequest, long: LongPostings, key: number, first: number): Generator<number> {
    for (let from = first; ; ) {
      const found = this.#queries.inSession(request, long, key, from);
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
  async #hitOf(
    { key, id, updatedAt, seq, text: found }: Candidate,
    request: SearchRequest,
    yielder: Yielder,
  ): Promise<PlacedHit | undefined> {
    if (found === undefined) return undefined;
    const isName = seq === NAME_SEQ;
    await yielder.yieldIfDue();
    const text = found ?? (await this.#longContent(key, seq, request, yielder));
    if (text === undefined) return undefined;
    try {
      const strings = isName ? contentStrings(text) : this.#stringsOf(id, seq, text);
      if (found === null) await yielder.yieldIfDue();
      const match = await matchStringsInTurns(strings, request.terms, yielder);
      if (!match) return undefined;
      const { snippet, offsets, occurrences: score } = match;
      return { sessionId: id, seq: isName ? null : seq, snippet, offsets, updatedAt, score };
    } catch (error) {
      if (!isSessionError(error, "corrupt")) throw error;
      this.#onDamaged(error);
      return undefined;
    }
  }

  /** As it is now: `undefined` where the entry is gone since its place was found. */
  async #longContent(
    key: number,
    seq: number,
    request: SearchRequest,
    yielder: Yielder,
  ): Promise<string | undefined> {
    const contentOf = this.#queries.longContentFinder(request);
    const bytes = await this.#database.read(() => contentOf(key, seq));
    return bytes && runStepsInTurns(decodeTextSteps(bytes), yielder);
  }

  #stringsOf(id: SessionId, seq: number, content: string): string[] {
    return contentStrings(parseJson<JsonValue>(content, this.#database.file, id, `entries[${seq}].content`));
  }
}
