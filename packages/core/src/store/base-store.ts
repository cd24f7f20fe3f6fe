// Longer than most files: what is the same for each kind of page, which every store shares.
import { invalidInput, isSessionError } from "../model/errors.ts";
import { isSessionId, type SessionId } from "../model/ids.ts";
import { deepFreeze } from "../model/json.ts";
import type { SessionMetadata, Timestamp } from "../model/model.ts";
import { byCount, type CountedField, countValues, type ValueCount } from "../rules/count-values.ts";
import { filterMatcher, type SessionFilter } from "../rules/filter.ts";
import { parseSearchText, type SearchPage } from "../search/search.ts";
import {
  CheckedStore,
  type ParsedCountQuery,
  type ParsedEntriesQuery,
  type ParsedListQuery,
  type ParsedSearchQuery,
} from "./checked-store.ts";
import { decodeCursor, encodeCursor, type Position } from "./cursor.ts";
import {
  type EntriesRequest,
  type EntryRows,
  type HeadRows,
  type ListPlace,
  type ListRequest,
  MAX_PAGE_BYTES,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  type SessionRows,
} from "./requests.ts";
import {
  type DamagedSession,
  type EntryPage,
  type HeadPage,
  type ListedHead,
  MAX_PAGE,
  type SessionPage,
  type ValueCountPage,
} from "./session-store.ts";
import type { StorePart } from "./store-part.ts";

/**
 * What all stores have in common: it checks the state and the arguments once, encodes and decodes cursors,
 * and calls the method of the backend (`doAppend` for `append`) with checked copies. A backend implements
 * these methods and `doClose`, and `doWatchStart` and `doWatchStop` if it has to look for changes by other
 * processes.
 */
export abstract class BaseStore extends CheckedStore {
  protected abstract doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows>;
  protected abstract doList(request: ListRequest): Promise<SessionRows>;
  protected abstract doSearch(request: SearchRequest): Promise<Rows<PlacedHit>>;

  /**
   * How many of the sessions have each value, in any order. A backend that can count faster than by reading
   * the metadata of all of them overrides this.
   *
   * @param prefix only tags that begin with it; empty for all.
   */
  protected async doCountValues(
    filter: SessionFilter,
    by: CountedField,
    prefix: string,
  ): Promise<ReadonlyMap<string, number>> {
    const all: SessionMetadata[] = [];
    const request = { filter, orderBy: "createdAt", direction: "asc", limit: MAX_PAGE } as const;
    for (let after: ListRequest["after"] = null, walk: string | undefined; ; ) {
      const { items, hasMore, ...page } = await this.doList({ ...request, after, walk });
      all.push(...items);
      const tail = items.at(-1);
      if (!hasMore || !tail) return countValues(all, by, prefix);
      after = { time: tail.createdAt, id: tail.id };
      walk = page.walk;
    }
  }

  /** This store for one that is made of several. What it is asked for, that one has checked. */
  asPart(): StorePart {
    return {
      create: (session) => this.run(() => this.doCreate(session)),
      get: (id) => this.run(() => this.doGet(id)),
      head: (id) => this.run(() => this.doHead(id)),
      update: (id, change, options) => this.run(() => this.doUpdate(id, change, options)),
      append: (id, entries, options) => this.run(() => this.doAppend(id, entries, options)),
      readEntries: (id, request) => this.run(() => this.doReadEntries(id, request)),
      truncate: (id, entryCount, options) => this.run(() => this.doTruncate(id, entryCount, options)),
      replace: (session, version) => this.run(() => this.doReplace(session, version)),
      delete: (id, version) => this.run(() => this.doDelete(id, version)),
      list: (request) => this.run(() => this.doList(request)),
      listHeads: (request) => this.run(() => this.doListHeads(request)),
      count: (filter) => this.run(() => this.doCount(filter)),
      countValues: (filter, by, prefix) => this.run(() => this.doCountValues(filter, by, prefix)),
      search: (request) => this.run(() => this.doSearch(request)),
    };
  }

  protected override async doCountPage(
    filter: SessionFilter,
    { cursor, limit, by, prefix = "" }: ParsedCountQuery,
  ): Promise<ValueCountPage> {
    const cursorOf = ["count", filter, by, prefix];
    const position = cursor === undefined ? null : decodeCursor(cursorOf, cursor, isCountPosition);
    const after = position && { count: position[0] as number, value: position[1] as string };
    const values = await this.doCountValues(filter, by, prefix);
    const rows = Array.from(values, ([value, count]): ValueCount => ({ value, count }))
      .filter((each) => after === null || byCount(after, each) < 0)
      .sort(byCount);
    const items = rows.slice(0, limit);
    const more = rows.length > limit;
    const tail = items.at(-1);
    return {
      items,
      more,
      nextCursor: more && tail ? encodeCursor(cursorOf, [tail.count, tail.value]) : null,
    };
  }

  protected override async doEntryPage(id: SessionId, query: ParsedEntriesQuery): Promise<EntryPage> {
    const { last, cursor, limit = 100, ...rest } = query;
    const request: EntriesRequest = {
      after: rest.after ?? -1,
      before: rest.before ?? Number.MAX_SAFE_INTEGER,
      types: rest.types ?? null,
      direction: rest.direction ?? "asc",
      limit,
    };
    if (last !== undefined) return this.#lastEntries(id, request, last, cursor);
    const { limit: _, ...identity } = request;
    const cursorOf = ["entries", id, identity];
    const position =
      cursor === undefined ? null : decodeCursor(cursorOf, cursor, ([seq]) => Number.isSafeInteger(seq));
    const seq = position?.[0] as number | undefined;
    const from = seq === undefined ? {} : request.direction === "asc" ? { after: seq } : { before: seq };
    const { items, epoch, hasMore } = await this.doReadEntries(id, { ...request, ...from });
    const tail = items.at(-1);
    return { items, nextCursor: hasMore && tail ? encodeCursor(cursorOf, [tail.seq]) : null, epoch };
  }

  /**
   * The last entries are read from their end. Where they are too large for one page, the first of them is
   * looked for, and pages go on from there.
   */
  async #lastEntries(
    id: SessionId,
    request: EntriesRequest,
    last: number,
    cursor: string | undefined,
  ): Promise<EntryPage> {
    const { limit: _, direction: __, ...identity } = request;
    const cursorOf = ["last", id, identity, last];
    if (cursor !== undefined) {
      const [after, before] = decodeCursor(cursorOf, cursor, isSeqRange) as [number, number];
      return this.#rangeOf(id, { ...request, after, before, direction: "asc", limit: last }, cursorOf);
    }
    const backwards = { ...request, direction: "desc" } as const;
    const newest = await this.doReadEntries(id, { ...backwards, limit: last });
    if (!newest.hasMore || newest.items.length === last)
      return { items: newest.items.toReversed(), nextCursor: null, epoch: newest.epoch };
    let count = newest.items.length;
    for (let page: EntryRows = newest; page.hasMore && count < last; count += page.items.length) {
      const before = page.items.at(-1)?.seq ?? request.before;
      page = await this.doReadEntries(id, { ...backwards, before, limit: last - count });
      request = { ...request, after: (page.items.at(-1)?.seq ?? before) - 1 };
    }
    const before = (newest.items[0]?.seq ?? -1) + 1;
    return this.#rangeOf(id, { ...request, before, direction: "asc", limit: last }, cursorOf);
  }

  async #rangeOf(id: SessionId, request: EntriesRequest, cursorOf: unknown): Promise<EntryPage> {
    const { items, epoch, hasMore } = await this.doReadEntries(id, request);
    const tail = items.at(-1);
    const nextCursor = hasMore && tail ? encodeCursor(cursorOf, [tail.seq, request.before]) : null;
    return { items, nextCursor, epoch };
  }

  protected override async doSessionPage(query: ParsedListQuery): Promise<SessionPage> {
    const request = listRequest(query);
    const { items: found, hasMore, walk } = await this.doList(request);
    const items = found.slice(0, howManyFit(found));
    const last = placeOf(items.at(-1), request);
    const isCut = items.length < found.length;
    return { items, nextCursor: (hasMore || isCut) && last ? listCursor(query, last, walk) : null };
  }

  protected override async doHeadPage(query: ParsedListQuery): Promise<HeadPage> {
    const { items, last, hasMore, walk } = await this.doListHeads(listRequest(query));
    return { items, nextCursor: hasMore && last ? listCursor(query, last, walk) : null };
  }

  /**
   * A page with heads. A backend that has them where it has the metadata overrides this; it ends a page where
   * the items take more than {@link MAX_PAGE_BYTES} as JSON, but not before the first.
   */
  protected async doListHeads(request: ListRequest): Promise<HeadRows> {
    const matches = filterMatcher(request.filter);
    const items: ListedHead[] = [];
    let { after, walk } = request;
    let length = 0;
    for (;;) {
      const rows: SessionRows = await this.doList({ ...request, after, walk });
      ({ walk } = rows);
      for (const metadata of rows.items) {
        const head = await this.doListedHead(metadata);
        if (head && matches(head.metadata)) {
          length += JSON.stringify(head).length;
          if (length > MAX_PAGE_BYTES && items.length > 0) return { items, last: after, hasMore: true, walk };
          items.push(head);
        }
        after = placeOf(metadata, request);
      }
      // Where all that were found have been deleted since, the next ones are looked for.
      if (items.length > 0 || !rows.hasMore) return { items, last: after, hasMore: rows.hasMore, walk };
    }
  }

  /** The head of a session that a list has found, as it is now; `null` when it is gone. */
  protected async doListedHead(metadata: SessionMetadata): Promise<ListedHead | null> {
    try {
      return await this.doHead(metadata.id);
    } catch (error) {
      if (isSessionError(error, "not_found")) return null;
      return damagedSession(metadata, error);
    }
  }

  protected override async doSearchPage(query: ParsedSearchQuery): Promise<SearchPage> {
    const { cursor, limit, ...identity } = query;
    const { text, filter = {}, types, after: timeAfter, before: timeBefore, order } = identity;
    if (order === "rank" && cursor !== undefined) {
      throw invalidInput('query.cursor: a search with order "rank" has one page only.', {
        field: "query.cursor",
      });
    }
    const cursorOf = ["search", identity];
    const position =
      cursor === undefined
        ? null
        : decodeCursor(cursorOf, cursor, (place) => isTimeAndId(place) && Number.isSafeInteger(place[2]));
    const terms = parseSearchText(text);
    if (terms.length === 0) return { items: [], nextCursor: null };
    this.refuseNotSearchable();
    const { items, hasMore } = await this.doSearch({
      terms,
      filter,
      types: types ?? null,
      timeAfter: timeAfter ?? Number.NEGATIVE_INFINITY,
      timeBefore: timeBefore ?? Number.POSITIVE_INFINITY,
      includeNames: types === undefined && timeAfter === undefined && timeBefore === undefined,
      order,
      limit,
      after: position && {
        updatedAt: position[0] as Timestamp,
        id: position[1] as SessionId,
        seq: position[2] as number,
      },
    });
    const tail = items.at(-1);
    return {
      items: items.map(({ sessionId, seq, snippet, offsets }) => ({ sessionId, seq, snippet, offsets })),
      nextCursor:
        hasMore && tail && order === "newest"
          ? encodeCursor(cursorOf, [tail.updatedAt, tail.sessionId, tail.seq ?? -1])
          : null,
    };
  }
}

/** How many of these are a page: all, but for names and tags of monstrous length. */
function howManyFit(sessions: readonly SessionMetadata[]): number {
  let length = 0;
  for (const [i, { name, tags, sessionType }] of sessions.entries()) {
    length += METADATA_LENGTH + name.length;
    for (const tag of tags) length += tag.length;
    for (const field in sessionType) length += String(sessionType[field as keyof typeof sessionType]).length;
    if (i > 0 && length > MAX_PAGE_BYTES) return i;
  }
  return sessions.length;
}

/** Of a session with nothing in it, as JSON. */
const METADATA_LENGTH = 300;

function isSeqRange([after, before]: Position): boolean {
  return Number.isSafeInteger(after) && Number.isSafeInteger(before);
}

function listRequest({ cursor, limit, ...identity }: ParsedListQuery): ListRequest {
  const position = cursor === undefined ? null : decodeCursor(["list", identity], cursor, isListPosition);
  const after = position && { time: position[0] as Timestamp, id: position[1] as SessionId };
  return { ...identity, limit, after, walk: position?.[2] as string | undefined };
}

function listCursor(query: ParsedListQuery, { time, id }: ListPlace, walk: string | undefined): string {
  const { cursor: _, limit: __, ...identity } = query;
  return encodeCursor(["list", identity], [time, id, ...(walk === undefined ? [] : [walk])]);
}

function placeOf(metadata: SessionMetadata, request: ListRequest): ListPlace;
function placeOf(metadata: SessionMetadata | undefined, request: ListRequest): ListPlace | null;
function placeOf(metadata: SessionMetadata | undefined, { orderBy }: ListRequest): ListPlace | null {
  return metadata ? { time: metadata[orderBy], id: metadata.id } : null;
}

/** How a list with heads tells of an error that concerns one session. @throws any other error as it is. */
export function damagedSession(metadata: SessionMetadata, error: unknown): DamagedSession {
  if (!isSessionError(error)) throw error;
  const { code, details } = error;
  if (code !== "corrupt" && code !== "unsupported") throw error;
  const at = details.offset === undefined ? "entries" : `byte ${details.offset}`;
  return deepFreeze({ metadata, damaged: { code, place: details.field ?? at } });
}

function isListPosition(position: Position): boolean {
  return isTimeAndId(position) && (position.length === 2 || typeof position[2] === "string");
}

function isCountPosition([count, value]: Position): boolean {
  return Number.isSafeInteger(count) && typeof value === "string";
}

function isTimeAndId([time, id]: Position): boolean {
  return Number.isSafeInteger(time) && isSessionId(id);
}
