// For `AsyncDisposable`, where the project that uses this package has a smaller `lib` and no types of Node.
/// <reference lib="esnext.disposable" preserve="true" />

import type { EntryId, SessionId } from "../model/ids.ts";
import type { JsonValue } from "../model/json.ts";
import type {
  EntryTypeName,
  Session,
  SessionEntry,
  SessionHead,
  SessionMetadata,
  SessionStatus,
  SessionType,
  StoredEntry,
  StoredSession,
  Timestamp,
} from "../model/model.ts";
import type { SessionFilter } from "../rules/filter.ts";
import type { LimitReached, SessionLimits } from "../rules/limits.ts";
import type { SearchPage, SearchQuery } from "../search/search.ts";
import type { Warnings } from "./warnings.ts";

/** How many sessions or entries one page may hold. */
export const MAX_PAGE = 1000;

/** What differs between stores. Each flag says what a caller does when it is false. */
export interface StoreCapabilities {
  /** What was written is there after `close` and a new open. False: copy out what has to stay. */
  readonly persistent: boolean;
  /** Handles opened on the same place, in other processes too, see each other's writes. False: share the one handle. */
  readonly shared: boolean;
  /**
   * A stored text may hold numbers that JavaScript can only round; they stay as they are and are marked `inexact`. False:
   * every stored number is one of JavaScript's.
   */
  readonly exactNumbers: boolean;
}

export interface WriteOptions {
  /** The time of the call, for `updatedAt`. The store looks at no clock. */
  readonly at: Timestamp;
  /** Refuse with `conflict` unless the session still has this version. */
  readonly expectedVersion?: string | undefined;
}

export interface AppendOptions extends WriteOptions {
  readonly limits?: SessionLimits | undefined;
}

/** What is absent stays as it is. */
export interface SessionChange {
  readonly name?: string | undefined;
  readonly sessionType?: SessionType | undefined;
  readonly status?: SessionStatus | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly parentSession?: SessionId | null | undefined;
  /** The whole context anew. Not together with the two below. */
  readonly context?: Readonly<Record<string, JsonValue>> | undefined;
  /** Single keys of the context; the others stay. */
  readonly setContext?: Readonly<Record<string, JsonValue>> | undefined;
  readonly removeContext?: readonly string[] | undefined;
}

/** What became of one entry of an append. */
export interface AppendedEntry {
  readonly id: EntryId;
  readonly seq: number;
  /** Of the stored entry: with a repeat that of the first writing. */
  readonly timestamp: Timestamp;
  /** False: it was there already, with the same content. */
  readonly added: boolean;
}

export interface AppendResult {
  /** One for each given entry, in their order. */
  readonly entries: readonly AppendedEntry[];
  readonly entryCount: number;
  readonly status: SessionStatus;
  readonly updatedAt: Timestamp;
  readonly version: string;
  /** The limit the session has met with this append, where limits were given and it has. */
  readonly limit: LimitReached | null;
}

export interface EntriesQuery {
  /** Only entries with a greater `seq`. */
  readonly after?: number | undefined;
  /** Only entries with a smaller `seq`. */
  readonly before?: number | undefined;
  /** The last `n` of them, in ascending order, as one page. Not together with `limit`, `direction` and `cursor`. */
  readonly last?: number | undefined;
  readonly types?: readonly EntryTypeName[] | undefined;
  /** By `seq`; `asc` when absent. */
  readonly direction?: "asc" | "desc" | undefined;
  /** 1 to {@link MAX_PAGE}, 100 when absent. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface EntryPage {
  readonly items: readonly StoredEntry[];
  /** For the next page of the same query; `null` at the end. */
  readonly nextCursor: string | null;
}

export interface ListQuery {
  readonly filter?: SessionFilter | undefined;
  /** `updatedAt` when absent. Sessions of one time are ordered by id. */
  readonly orderBy?: "updatedAt" | "createdAt" | undefined;
  /** `desc` (newest first) when absent. */
  readonly direction?: "asc" | "desc" | undefined;
  /** 1 to {@link MAX_PAGE}, 50 when absent. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface SessionPage {
  readonly items: readonly SessionMetadata[];
  /** For the next page of the same query; `null` at the end. */
  readonly nextCursor: string | null;
}

/**
 * A change that `watch` tells of. Several changes of one session that nobody has taken yet become one. `reset`: changes
 * may have been missed, look at everything again.
 */
export type StoreChange =
  | { readonly type: "created" | "changed" | "deleted"; readonly id: SessionId }
  | { readonly type: "reset" };

export interface WatchOptions {
  /** Only this session. */
  readonly id?: SessionId | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where sessions are kept. A method stands here only if the backend has to make it atomic, ordered or indexed; the rest
 * is the {@link SessionManager}'s. Every clause is written down in docs/store-contract.md, with an id, and runs as a
 * case of `@thulp-sessions/store-conformance`.
 *
 * A call is applied completely or not at all. What is given and what is returned share nothing with the store. Every
 * method rejects with {@link SessionError}: `invalid_input` for what does not fit the schema, `closed` after `close`,
 * `io` where the medium fails, `busy` where another process holds it too long; further codes stand at the methods.
 */
export interface SessionStore extends AsyncDisposable {
  /** A name for people, e.g. `sqlite:/home/me/.thulp/sessions.db`. */
  readonly location: string;
  readonly capabilities: StoreCapabilities;
  readonly warnings: Warnings;

  /**
   * Keeps a new session as it is given, times and duplicate entry ids included.
   * @throws {SessionError} already_exists
   */
  create(session: Session): Promise<SessionHead>;

  /** @throws {SessionError} not_found, corrupt or unsupported (with the place) */
  get(id: string): Promise<StoredSession>;

  /** @throws {SessionError} not_found, corrupt or unsupported (with the place) */
  head(id: string): Promise<SessionHead>;

  /**
   * Changes metadata and context. `updatedAt` becomes the given time, at least one more than it was.
   * @throws {SessionError} not_found, conflict, corrupt, unsupported
   */
  update(id: string, change: SessionChange, options: WriteOptions): Promise<SessionHead>;

  /**
   * Adds entries at the end, in one step. An entry whose id is there already with the same type and content is not
   * stored again, whatever `expectedVersion`, limits and status say; with other content the call fails with `conflict`.
   * `updatedAt` becomes the given time unless it is later already.
   * @throws {SessionError} not_found, conflict, limit_exceeded, corrupt, unsupported
   */
  append(id: string, entries: readonly SessionEntry[], options: AppendOptions): Promise<AppendResult>;

  /**
   * A page of entries by `seq`. Of a session whose entries are damaged it serves what lies before the damage, then fails.
   * @throws {SessionError} not_found, corrupt, unsupported
   */
  readEntries(id: string, query?: EntriesQuery): Promise<EntryPage>;

  /**
   * Keeps the first `entryCount` entries. With as many as there are it changes nothing.
   * @throws {SessionError} not_found, conflict, corrupt, unsupported; invalid_input when there are fewer
   */
  truncate(id: string, entryCount: number, options: WriteOptions): Promise<SessionHead>;

  /**
   * Puts a session in the place of the one with its id. `updatedAt` becomes the given one, at least one more than it was.
   * @throws {SessionError} not_found, conflict, corrupt, unsupported
   */
  replace(
    session: Session,
    options?: { readonly expectedVersion?: string | undefined },
  ): Promise<SessionHead>;

  /**
   * Removes a session, a damaged one too; true when there was one.
   * @throws {SessionError} conflict
   */
  delete(id: string, options?: { readonly expectedVersion?: string | undefined }): Promise<boolean>;

  /**
   * A page of sessions. One that nobody touches meanwhile appears exactly once over all pages. Sessions without readable
   * metadata are left out, with one warning each.
   */
  list(query?: ListQuery): Promise<SessionPage>;

  /** How many sessions `list` would give over all pages. */
  count(filter?: SessionFilter): Promise<number>;

  /** A page of hits. Damaged stretches are not searched, with one warning for each session. */
  search(query: SearchQuery): Promise<SearchPage>;

  /**
   * Tells every change made after the promise has resolved, by whatever handle or process. The iteration ends on
   * `signal`, on `return()` and on `close`.
   */
  watch(options?: WatchOptions): Promise<AsyncIterableIterator<StoreChange>>;

  /** Waits for the calls under way, then lets go of everything. May be called again. */
  close(): Promise<void>;
}
