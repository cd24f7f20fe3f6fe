import { ChangeFeed } from "./changes.ts";
import { decodeCursor, encodeCursor, type Position } from "./cursor.ts";
import { invalidInput, SessionError } from "./errors.ts";
import { type SessionFilter, sessionFilterSchema } from "./filter.ts";
import { isCanonicalUuid, parseSessionId, type SessionId } from "./ids.ts";
import type {
  EntryTypeName,
  Session,
  SessionEntry,
  SessionHead,
  SessionMetadata,
  StoredEntry,
  StoredSession,
  Timestamp,
} from "./model.ts";
import {
  parseSearchText,
  type SearchHit,
  type SearchPage,
  type SearchQuery,
  type SearchTerm,
  searchQuerySchema,
} from "./search.ts";
import type {
  AppendOptions,
  AppendResult,
  EntriesQuery,
  EntryPage,
  ListQuery,
  SessionChange,
  SessionPage,
  SessionStore,
  StoreCapabilities,
  StoreChange,
  WatchOptions,
  WriteOptions,
} from "./store.ts";
import {
  appendOptionsSchema,
  entriesQuerySchema,
  listQuerySchema,
  parseChange,
  parseEntries,
  parseInput,
  parseSession,
  versionOptionsSchema,
  writeOptionsSchema,
} from "./validate.ts";
import { Warnings } from "./warnings.ts";

/** A page of sessions, as a backend is asked for it. */
export interface ListRequest {
  readonly filter: SessionFilter;
  readonly orderBy: "updatedAt" | "createdAt";
  readonly direction: "asc" | "desc";
  readonly limit: number;
  /** Only what comes after this place in the order; ids break ties in the same direction as the times. */
  readonly after: { readonly time: Timestamp; readonly id: SessionId } | null;
}

/** A page of entries, as a backend is asked for it. */
export interface EntriesRequest {
  /** Only `seq` greater than this; -1 for all. */
  readonly after: number;
  /** Only `seq` smaller than this; `Number.MAX_SAFE_INTEGER` for all. */
  readonly before: number;
  /** `null` for all. */
  readonly types: readonly EntryTypeName[] | null;
  readonly direction: "asc" | "desc";
  readonly limit: number;
}

/** A page of hits, as a backend is asked for it. */
export interface SearchRequest {
  /** At least one. */
  readonly terms: readonly SearchTerm[];
  readonly filter: SessionFilter;
  /** `null` for all. */
  readonly types: readonly EntryTypeName[] | null;
  readonly timeAfter: number;
  readonly timeBefore: number;
  /** False where a filter on entries leaves the names out. */
  readonly includeNames: boolean;
  readonly order: "newest" | "rank";
  readonly limit: number;
  /** Only what comes after this hit: sessions by `updatedAt` and id descending, then names (`seq` -1), then `seq`. */
  readonly after: { readonly updatedAt: Timestamp; readonly id: SessionId; readonly seq: number } | null;
}

/** A hit with the place it has in the order. */
export interface PlacedHit extends SearchHit {
  readonly updatedAt: Timestamp;
}

export interface Rows<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

/**
 * The half of every store that is the same in all: it checks the state and the arguments once, makes cursors, and calls
 * the backend's twin (`doAppend` for `append`) with arguments that are exact and its own. A backend writes the twins,
 * `doWatchStart` and `doWatchStop` where it has to look for changes of others, and `doClose`.
 */
export abstract class BaseStore implements SessionStore {
  abstract readonly location: string;
  abstract readonly capabilities: StoreCapabilities;
  readonly warnings = new Warnings();
  /** Backends report changes here, their own after they are applied. */
  protected readonly changes = new ChangeFeed();
  #watchers = 0;
  #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  protected abstract doCreate(session: Session): Promise<SessionHead>;
  protected abstract doGet(id: SessionId): Promise<StoredSession>;
  protected abstract doHead(id: SessionId): Promise<SessionHead>;
  protected abstract doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead>;
  protected abstract doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult>;
  protected abstract doReadEntries(id: SessionId, request: EntriesRequest): Promise<Rows<StoredEntry>>;
  protected abstract doTruncate(
    id: SessionId,
    entryCount: number,
    options: WriteOptions,
  ): Promise<SessionHead>;
  protected abstract doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead>;
  protected abstract doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean>;
  protected abstract doList(request: ListRequest): Promise<Rows<SessionMetadata>>;
  protected abstract doCount(filter: SessionFilter): Promise<number>;
  protected abstract doSearch(request: SearchRequest): Promise<Rows<PlacedHit>>;
  protected abstract doClose(): Promise<void>;
  /** Called when the first watcher comes: from when it resolves, changes by others reach `changes` too. */
  protected async doWatchStart(): Promise<void> {}
  /** Called when the last watcher has gone. */
  protected doWatchStop(): void {}

  async create(session: Session): Promise<SessionHead> {
    return this.#run(() => this.doCreate(parseSession(session)));
  }

  async get(id: string): Promise<StoredSession> {
    return this.#run(() => this.doGet(parseSessionId(id)));
  }

  async head(id: string): Promise<SessionHead> {
    return this.#run(() => this.doHead(parseSessionId(id)));
  }

  async update(id: string, change: SessionChange, options: WriteOptions): Promise<SessionHead> {
    return this.#run(() =>
      this.doUpdate(
        parseSessionId(id),
        parseChange(change),
        parseInput(writeOptionsSchema, options, "options"),
      ),
    );
  }

  async append(id: string, entries: readonly SessionEntry[], options: AppendOptions): Promise<AppendResult> {
    return this.#run(() =>
      this.doAppend(
        parseSessionId(id),
        parseEntries(entries),
        parseInput(appendOptionsSchema, options, "options"),
      ),
    );
  }

  async readEntries(id: string, query: EntriesQuery = {}): Promise<EntryPage> {
    return this.#run(() => this.#readEntries(parseSessionId(id), query));
  }

  async truncate(id: string, entryCount: number, options: WriteOptions): Promise<SessionHead> {
    return this.#run(() => {
      const sessionId = parseSessionId(id);
      if (!Number.isSafeInteger(entryCount) || entryCount < 0) {
        throw invalidInput("entryCount: expected a whole number from 0.", { field: "entryCount" });
      }
      return this.doTruncate(sessionId, entryCount, parseInput(writeOptionsSchema, options, "options"));
    });
  }

  async replace(
    session: Session,
    options: { expectedVersion?: string | undefined } = {},
  ): Promise<SessionHead> {
    return this.#run(() =>
      this.doReplace(
        parseSession(session),
        parseInput(versionOptionsSchema, options, "options").expectedVersion,
      ),
    );
  }

  async delete(id: string, options: { expectedVersion?: string | undefined } = {}): Promise<boolean> {
    return this.#run(() =>
      this.doDelete(parseSessionId(id), parseInput(versionOptionsSchema, options, "options").expectedVersion),
    );
  }

  async list(query: ListQuery = {}): Promise<SessionPage> {
    return this.#run(() => this.#list(query));
  }

  async count(filter: SessionFilter = {}): Promise<number> {
    return this.#run(() => this.doCount(parseInput(sessionFilterSchema, filter, "filter")));
  }

  async search(query: SearchQuery): Promise<SearchPage> {
    return this.#run(() => this.#search(query));
  }

  async watch(options: WatchOptions = {}): Promise<AsyncIterableIterator<StoreChange>> {
    return this.#run(async () => {
      const id = options.id === undefined ? undefined : parseSessionId(options.id);
      if (this.#watchers++ === 0) await this.doWatchStart();
      return this.changes.watch({ id, signal: options.signal }, () => {
        if (--this.#watchers === 0) this.doWatchStop();
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running);
    this.changes.close();
    await this.doClose();
  }

  async #run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closing) {
      throw new SessionError("closed", `The store ${this.location} is closed. Open it again to go on.`);
    }
    const running = call();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #readEntries(id: SessionId, query: EntriesQuery): Promise<EntryPage> {
    const { last, cursor, limit = 100, ...rest } = parseInput(entriesQuerySchema, query, "query");
    const request: EntriesRequest = {
      after: rest.after ?? -1,
      before: rest.before ?? Number.MAX_SAFE_INTEGER,
      types: rest.types ?? null,
      direction: rest.direction ?? "asc",
      limit,
    };
    if (last !== undefined) {
      const { items } = await this.doReadEntries(id, { ...request, direction: "desc", limit: last });
      return { items: items.toReversed(), nextCursor: null };
    }
    const { limit: _, ...identity } = request;
    const cursorOf = ["entries", id, identity];
    const position =
      cursor === undefined ? null : decodeCursor(cursorOf, cursor, ([seq]) => Number.isSafeInteger(seq));
    const seq = position?.[0] as number | undefined;
    const from = seq === undefined ? {} : request.direction === "asc" ? { after: seq } : { before: seq };
    const { items, hasMore } = await this.doReadEntries(id, { ...request, ...from });
    const tail = items.at(-1);
    return { items, nextCursor: hasMore && tail ? encodeCursor(cursorOf, [tail.seq]) : null };
  }

  async #list(query: ListQuery): Promise<SessionPage> {
    const { cursor, limit, ...identity } = parseInput(listQuerySchema, query, "query");
    const cursorOf = ["list", identity];
    const position = cursor === undefined ? null : decodeCursor(cursorOf, cursor, isTimeAndId);
    const after = position && { time: position[0] as Timestamp, id: position[1] as SessionId };
    const { items, hasMore } = await this.doList({ ...identity, limit, after });
    const tail = items.at(-1);
    return {
      items,
      nextCursor: hasMore && tail ? encodeCursor(cursorOf, [tail[identity.orderBy], tail.id]) : null,
    };
  }

  async #search(query: SearchQuery): Promise<SearchPage> {
    const { cursor, limit, ...identity } = parseInput(searchQuerySchema, query, "query");
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

function isTimeAndId([time, id]: Position): boolean {
  return Number.isSafeInteger(time) && typeof id === "string" && isCanonicalUuid(id);
}
