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
import { LAST_SLOT, NAME, slotOf } from "./search-index.ts";
import { type FoundRow, FoundRows, type Place } from "./search-queries.ts";

/** Few enough of either that a page takes milliseconds (bench search-sqlite). */
const DEFAULT_BOUNDS = { many: 2000, mostLookedInto: 500 };

export interface SearchBounds {
  /** Words in more places than these are looked for session by session, newest first, until the page is full. */
  readonly many: number;
  /** So many sessions are looked into before all places are collected after all: the words may stand in old ones only. */
  readonly mostLookedInto: number;
}

/** Finds with `search_index`; what a hit shows is matched anew in its text, by core. */
export class SessionSearch {
  readonly #database: Database;
  readonly #list: SessionList;
  readonly #bounds: SearchBounds;
  readonly #onDamaged: (error: SessionError) => void;
  readonly #found: FoundRows;
  readonly #name;

  /** @param onDamaged is told of every text that cannot be read. */
  constructor(
    database: Database,
    list: SessionList,
    onDamaged: (error: SessionError) => void,
    bounds: SearchBounds = DEFAULT_BOUNDS,
  ) {
    this.#bounds = bounds;
    this.#database = database;
    this.#list = list;
    this.#onDamaged = onDamaged;
    this.#found = new FoundRows(database);
    this.#name = database.client.prepare<[number], string>("SELECT name FROM sessions WHERE key = ?").pluck();
  }

  page(request: SearchRequest): Rows<PlacedHit> {
    const { limit, order, terms } = request;
    const contentOf = this.#found.contentFinder(request);
    const hits: PlacedHit[] = [];
    for (const row of this.#rows(request)) {
      const hit = this.#hitOf(row, terms, contentOf);
      if (!hit) continue;
      if (hits.length === limit) return { items: hits, hasMore: order === "newest" };
      hits.push(hit);
    }
    return { items: hits, hasMore: false };
  }

  /** In the order of the page. Some may turn out not to be hits: then there are more. */
  *#rows(request: SearchRequest): Generator<FoundRow> {
    let { after } = request;
    if (request.order === "newest") {
      const places = this.#found.places(request, this.#bounds.many);
      if (places) return yield* this.#sorted(request, places);
      const walked = yield* this.#walk(request);
      if (walked === "all") return;
      after = walked.rest;
    }
    // One more, to know whether there are more.
    const limit = request.limit + 1;
    for (;;) {
      const rows = this.#found.collect({ ...request, after, limit });
      yield* rows;
      const last = rows.at(-1);
      if (!last || rows.length < limit || request.order === "rank") return;
      after = { updatedAt: last.updatedAt, id: last.id, seq: last.slot - slotOf(0) };
    }
  }

  /** Few places, all of which are known. */
  *#sorted(request: SearchRequest, places: readonly Place[]): Generator<FoundRow> {
    const { includeNames, after } = request;
    const sessionOf = memoized(this.#found.sessionFinder(request));
    const rows: FoundRow[] = [];
    for (const [key, slot] of places) {
      const found = sessionOf(key);
      if (found && (includeNames || slot !== slotOf(NAME)))
        rows.push({ key, slot, id: found.id, updatedAt: found.updatedAt });
    }
    rows.sort(byPlace);
    const from = after && { updatedAt: after.updatedAt, id: after.id, slot: slotOf(after.seq) };
    for (const row of rows) if (!from || byPlace(row, from) > 0) yield row;
  }

  /** Session by session; gives what is left to be looked for. */
  *#walk(request: SearchRequest): Generator<FoundRow, "all" | { readonly rest: SearchRequest["after"] }> {
    const { filter, after } = request;
    const order = { filter, orderBy: "updatedAt", direction: "desc" } as const;
    // With the session that the last page ended in: nothing stands between its id and this.
    let place = after && { time: after.updatedAt, id: `${after.id}~` as SessionId };
    let lookedInto = 0;
    for (let limit = 5; lookedInto < this.#bounds.mostLookedInto; limit = Math.min(limit * 4, 100)) {
      const sessions = this.#list.rows({ ...order, after: place, limit });
      for (const { key, id, updatedAt } of sessions) {
        const first = id === after?.id ? slotOf(after.seq) + 1 : slotOf(NAME);
        for (const slot of this.#inSession(request, key, first))
          yield { key, id: id as SessionId, updatedAt, slot };
      }
      const last = sessions.at(-1);
      if (!last || sessions.length < limit) return "all";
      place = { time: last.updatedAt, id: last.id as SessionId };
      lookedInto += sessions.length;
    }
    if (lookedInto === 0 || !place) return { rest: after };
    // Behind everything of that session.
    return { rest: { updatedAt: place.time, id: place.id, seq: LAST_SLOT } };
  }

  *#inSession(request: SearchRequest, key: number, first: number): Generator<number> {
    for (let from = first; ; ) {
      const slots = this.#found.inSession(request, key, from);
      yield* slots;
      const last = slots.at(-1);
      if (last === undefined || slots.length <= request.limit) return;
      from = last + 1;
    }
  }

  /**
   * `undefined` where an entry is not one that is asked for, or the text does not have the words after all: split by another
   * Unicode version, or damaged.
   */
  #hitOf(
    { key, id, updatedAt, slot }: FoundRow,
    terms: readonly SearchTerm[],
    contentOf: (key: number, seq: number) => string | undefined,
  ): PlacedHit | undefined {
    const seq = slot === slotOf(NAME) ? null : slot - slotOf(0);
    const text = seq === null ? this.#name.get(key) : contentOf(key, seq);
    if (text === undefined) return undefined;
    try {
      const match = matchStrings(seq === null ? [text] : this.#stringsOf(id, seq, text), terms);
      return match
        ? { sessionId: id, seq, snippet: match.snippet, offsets: match.offsets, updatedAt }
        : undefined;
    } catch (error) {
      if (!isSessionError(error, "corrupt")) throw error;
      this.#onDamaged(error);
      return undefined;
    }
  }

  #stringsOf(id: SessionId, seq: number, content: string): string[] {
    return contentStrings(parseJson<JsonValue>(content, this.#database.file, id, `entries[${seq}].content`));
  }
}

/** The newest session first, then by slot. */
function byPlace(a: Omit<FoundRow, "key">, b: Omit<FoundRow, "key">): number {
  return b.updatedAt - a.updatedAt || (a.id === b.id ? a.slot - b.slot : a.id < b.id ? 1 : -1);
}

function memoized<T>(find: (key: number) => T): (key: number) => T {
  const known = new Map<number, T>();
  return (key) => {
    if (!known.has(key)) known.set(key, find(key));
    return known.get(key) as T;
  };
}
