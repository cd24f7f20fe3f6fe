// For `AsyncDisposable`, where the project that uses this package has a smaller `lib` and no types of Node.
/// <reference lib="esnext.disposable" preserve="true" />

import type { SessionId } from "../model/ids.ts";
import type {
  EntryTypeName,
  GivenSession,
  SessionEntry,
  SessionHead,
  SessionMetadata,
  StoredEntry,
  StoredSession,
} from "../model/model.ts";
import type { CountedField, ValueCount } from "../rules/count-values.ts";
import type { SessionFilter } from "../rules/filter.ts";
import type { AppendOptions, AppendResult, SessionChange, WriteOptions } from "../rules/writes.ts";
import type { SearchPage, SearchQuery } from "../search/search.ts";
import type { Warnings } from "./warnings.ts";

/** The highest `limit` of `list` and `readEntries`. */
export const MAX_PAGE = 1000;

/** What differs between stores. Each flag says what a caller does when it is false. */
export interface StoreCapabilities {
  /** What was written is there after `close` and a new open. False: copy out what has to stay. */
  readonly persistent: boolean;
  /**
   * Handles opened on the same place, in other processes too, see each other's writes. False: share the one
   * handle.
   */
  readonly shared: boolean;
  /**
   * A stored text may hold numbers that JavaScript can only round; they stay as they are and are marked
   * `inexact`. False: every stored number is one of JavaScript's.
   */
  readonly exactNumbers: boolean;
  /**
   * False where the place may only be read: it was opened so (`readOnly`), or the rights allow no more. Every
   * call that writes is then refused with `unsupported`, and changes nothing.
   */
  readonly writable: boolean;
  /**
   * False where the store keeps no index to search by, and every `search` for a word is refused with
   * `unsupported`: ask for a list by filters, or search within one session. Absent: true.
   */
  readonly searchable?: boolean | undefined;
}

/** Which entries of a session, and in which order. */
export interface EntriesQuery {
  /** Only entries with a greater `seq`. */
  readonly after?: number | undefined;
  /** Only entries with a smaller `seq`. */
  readonly before?: number | undefined;
  /**
   * Only the last so many, in ascending order: one page, or more of them where they take more than 8 MiB. Not
   * together with `limit` and `direction`.
   */
  readonly last?: number | undefined;
  /** Only entries of these types; all when absent. */
  readonly types?: readonly EntryTypeName[] | undefined;
  /** By `seq`; `asc` when absent. */
  readonly direction?: "asc" | "desc" | undefined;
  /** 1 to {@link MAX_PAGE}, 100 when absent. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before, of the same query. */
  readonly cursor?: string | undefined;
}

/** One page of entries. It ends early where they take more than 8 MiB as JSON, but has one at least. */
export interface EntryPage {
  readonly items: readonly StoredEntry[];
  /** The `cursor` of the next page of the same query; `null` on the last page. */
  readonly nextCursor: string | null;
  /** Of the session as these entries were read; see {@link SessionHead.epoch}. */
  readonly epoch: string;
}

/** Which sessions, and in which order. */
export interface ListQuery {
  /** All when absent. */
  readonly filter?: SessionFilter | undefined;
  /** `updatedAt` when absent. Sessions of one time are ordered by id, in the same direction. */
  readonly orderBy?: "updatedAt" | "createdAt" | undefined;
  /** `desc` (newest first) when absent. */
  readonly direction?: "asc" | "desc" | undefined;
  /** 1 to {@link MAX_PAGE}, 50 when absent. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before, of the same query. */
  readonly cursor?: string | undefined;
}

/** The same sessions with their heads. */
export interface HeadQuery extends ListQuery {
  readonly heads: true;
}

/** A session in a list with heads whose context or entries cannot be read. */
export interface DamagedSession {
  readonly metadata: SessionMetadata;
  readonly damaged: {
    readonly code: "corrupt" | "unsupported";
    /** Which part, or where in its file, e.g. `context` or `byte 4711`. */
    readonly place: string;
  };
}

/** A session in a list with heads. */
export type ListedHead = SessionHead | DamagedSession;

/** One page of heads. */
export interface HeadPage {
  readonly items: readonly ListedHead[];
  /** The `cursor` of the next page of the same query; `null` on the last page. */
  readonly nextCursor: string | null;
}

/** One page of sessions. */
export interface SessionPage {
  readonly items: readonly SessionMetadata[];
  /** The `cursor` of the next page of the same query; `null` on the last page. */
  readonly nextCursor: string | null;
}

/** By what sessions are counted, and which part of the values. */
export interface CountQuery {
  readonly by: CountedField;
  /** Only tags that begin with it, code unit by code unit; only with `by: "tag"`. */
  readonly prefix?: string | undefined;
  /** 1 to {@link MAX_PAGE}, 100 when absent. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before, of the same query and filter. */
  readonly cursor?: string | undefined;
}

/** One page of values. */
export interface ValueCountPage {
  /** The most frequent first, those of one count by their code units. */
  readonly items: readonly ValueCount[];
  /** There are further values. */
  readonly more: boolean;
  /** The `cursor` of the next page of the same query; `null` on the last page. */
  readonly nextCursor: string | null;
}

/**
 * A change that `watch` emits. Changes of one session that have not been consumed yet are merged into one.
 * `reset`: changes may have been missed, read everything again.
 */
export type StoreChange =
  | { readonly type: "created" | "changed" | "deleted"; readonly id: SessionId }
  | { readonly type: "reset" };

/** What to watch, and until when. */
export interface WatchOptions {
  /** Only this session; all when absent. */
  readonly id?: SessionId | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where sessions are stored. A method is here only if the backend has to make it atomic, ordered or indexed;
 * everything else is in `SessionManager`. docs/store-contract.md has every clause with an id, and
 * `@thulp-sessions/store-conformance` runs each of them as a case.
 *
 * A call is applied completely or not at all. What is given and what is returned share nothing with the
 * store. Every method rejects with {@link SessionError}: `invalid_input` for what does not fit the schema,
 * `closed` after `close`, `io` where the medium fails, `busy` where another process holds a lock for too
 * long; every method that writes with `unsupported` where `capabilities.writable` is false, and `search`
 * where `capabilities.searchable` is. Further codes are at the methods.
 */
export interface SessionStore extends AsyncDisposable {
  /**
   * What kind of store it is, in a short text: `memory`, `fs`, `sqlite`, `http`. The same for every store of
   * that kind, so that a program may decide by it.
   */
  readonly kind: string;
  /**
   * A name for people, e.g. `sqlite:/home/me/.thulp/sessions.db`. Not to be parsed, and nothing is decided by
   * it.
   */
  readonly location: string;
  readonly capabilities: StoreCapabilities;
  /** What a person should know, but no call fails for; see {@link Warnings.listen}. */
  readonly warnings: Warnings;

  /**
   * Stores a new session as it is given, times and duplicate entry ids included. Answers its head.
   * @throws {SessionError} already_exists
   */
  create(session: GivenSession): Promise<SessionHead>;

  /**
   * The whole session.
   * @throws {SessionError} not_found; corrupt, unsupported (with the place in `details`)
   */
  get(id: string): Promise<StoredSession>;

  /**
   * The session without its entries, but with their counts.
   * @throws {SessionError} not_found; corrupt, unsupported (with the place in `details`)
   */
  head(id: string): Promise<SessionHead>;

  /**
   * Changes metadata and context. Answers the head after it. `updatedAt` becomes the given time, at least one
   * more than it was.
   * @throws {SessionError} not_found, conflict, corrupt, unsupported
   */
  update(id: string, change: SessionChange, options: WriteOptions): Promise<SessionHead>;

  /**
   * Appends entries atomically. An entry whose id is there already with the same type and content is not
   * stored again, whatever `expectedVersion`, limits and status say, so that a retry is safe; with other
   * content the call fails with `conflict`. `updatedAt` becomes the given time unless it is later already.
   * @throws {SessionError} not_found, conflict, limit_exceeded, corrupt, unsupported
   */
  append(id: string, entries: readonly SessionEntry[], options: AppendOptions): Promise<AppendResult>;

  /**
   * A page of entries by `seq`. Of a session whose entries are damaged it gives those before the damage, then
   * fails.
   * @throws {SessionError} not_found, corrupt, unsupported
   */
  readEntries(id: string, query?: EntriesQuery): Promise<EntryPage>;

  /**
   * Keeps the first `entryCount` entries and removes the others. With as many as there are it changes
   * nothing.
   * @throws {SessionError} not_found, conflict, corrupt, unsupported; invalid_input when there are fewer
   */
  truncate(id: string, entryCount: number, options: WriteOptions): Promise<SessionHead>;

  /**
   * Replaces the session with this id as a whole. `updatedAt` becomes the given one, at least one more than
   * it was.
   * @throws {SessionError} not_found, conflict, corrupt, unsupported
   */
  replace(
    session: GivenSession,
    options?: { readonly expectedVersion?: string | undefined },
  ): Promise<SessionHead>;

  /**
   * Removes a session, a damaged one too; true when there was one.
   * @throws {SessionError} conflict
   */
  delete(id: string, options?: { readonly expectedVersion?: string | undefined }): Promise<boolean>;

  /**
   * A page as below with the head of each session: its counts, context and version. One that was changed
   * since the page was looked for is given as it is now, at its place. Pages end early at 8 MiB.
   */
  list(query: HeadQuery): Promise<HeadPage>;

  /**
   * A page of sessions. One that nobody touches meanwhile appears exactly once over all pages. Sessions
   * without readable metadata are left out, with one warning each.
   */
  list(query?: ListQuery): Promise<SessionPage>;

  /** How many sessions `list` gives over all pages. */
  count(filter?: SessionFilter): Promise<number>;

  /**
   * How many of these sessions have each value of a field; see {@link CountedField}. Each page is of one
   * moment.
   */
  count(filter: SessionFilter, query: CountQuery): Promise<ValueCountPage>;

  /** A page of hits. Damaged parts are not searched, with one warning for each session. */
  search(query: SearchQuery): Promise<SearchPage>;

  /**
   * Emits every change made after the promise has resolved, by any handle and any process. The iteration ends
   * on `signal`, on `return()` and on `close`.
   */
  watch(options?: WatchOptions): Promise<AsyncIterableIterator<StoreChange>>;

  /** Waits for pending calls, then releases all resources. May be called again. */
  close(): Promise<void>;
}
