// Longer than most files: every call of the contract is checked here, once for all stores.
import type { z } from "zod";
import { Yielder } from "../async/yielder.ts";
import { invalidInput, SessionError } from "../model/errors.ts";
import { parseSessionId, type SessionId } from "../model/ids.ts";
import { readArgument } from "../model/json.ts";
import type { GivenSession, Session, SessionEntry, SessionHead, StoredSession } from "../model/model.ts";
import { type SessionFilter, sessionFilterSchema } from "../rules/filter.ts";
import type { AppendOptions, AppendResult, SessionChange, WriteOptions } from "../rules/writes.ts";
import { type SearchPage, type SearchQuery, searchQuerySchema } from "../search/search.ts";
import { ChangeFeed } from "./change-feed.ts";
import { countQuerySchema, entriesQuerySchema, listQuerySchema } from "./queries.ts";
import type {
  CountQuery,
  EntriesQuery,
  EntryPage,
  HeadPage,
  HeadQuery,
  ListQuery,
  SessionPage,
  SessionStore,
  StoreCapabilities,
  StoreChange,
  ValueCountPage,
  WatchOptions,
} from "./session-store.ts";
import {
  parseAppendOptions,
  parseChange,
  parseEntries,
  parseInput,
  parseSession,
  versionOptionsSchema,
  writeOptionsSchema,
} from "./validate.ts";
import { Warnings } from "./warnings.ts";

/** A checked {@link EntriesQuery}. */
export type ParsedEntriesQuery = z.output<typeof entriesQuerySchema>;
/** A checked {@link ListQuery}, with the defaults filled in. */
export type ParsedListQuery = Omit<z.output<typeof listQuerySchema>, "heads">;
/** A checked {@link CountQuery}, with the defaults filled in. */
export type ParsedCountQuery = z.output<typeof countQuerySchema>;
/** A checked {@link SearchQuery}, with the defaults filled in. */
export type ParsedSearchQuery = z.output<typeof searchQuerySchema>;

/** Why a store may only be read that was opened so, as a clause that ends a sentence. */
export const OPENED_READ_ONLY = "it was opened with readOnly (--read-only)";

/**
 * Checks the state and the arguments of every call once, and calls the method of the backend (`doAppend` for
 * `append`) with checked copies. A backend that has its own cursors, such as a remote store, extends this
 * class; every other one extends `BaseStore`, which also encodes the cursors.
 *
 * States of a store: open, until `close` is called; closing, while calls that began before are pending;
 * closed. Calls after `close` reject with `closed`.
 */
export abstract class CheckedStore implements SessionStore {
  abstract readonly kind: string;
  abstract readonly location: string;
  abstract readonly capabilities: StoreCapabilities;
  readonly warnings = new Warnings();
  /** Where a backend emits changes: its own after they were applied, and those of others that it notices. */
  protected readonly changes = new ChangeFeed();
  /** Why the place may only be read, and what to do: a clause that ends a sentence. */
  protected readOnlyReason: string = OPENED_READ_ONLY;
  /** Why it does not search, and what to do: a clause that ends a sentence. */
  protected notSearchableReason = "it keeps no index";
  readonly #yielder = new Yielder();
  #watchers = 0;
  #watchStarted: Promise<void> | undefined;
  #running = 0;
  #closing: Promise<void> | undefined;
  /** Set while `close` waits for pending calls: called when the last of them has ended. */
  #onIdle: (() => void) | undefined;

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
  protected abstract doEntryPage(id: SessionId, query: ParsedEntriesQuery): Promise<EntryPage>;
  protected abstract doTruncate(
    id: SessionId,
    entryCount: number,
    options: WriteOptions,
  ): Promise<SessionHead>;
  protected abstract doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead>;
  protected abstract doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean>;
  protected abstract doSessionPage(query: ParsedListQuery): Promise<SessionPage>;
  protected abstract doHeadPage(query: ParsedListQuery): Promise<HeadPage>;
  protected abstract doCount(filter: SessionFilter): Promise<number>;
  protected abstract doCountPage(filter: SessionFilter, query: ParsedCountQuery): Promise<ValueCountPage>;
  protected abstract doSearchPage(query: ParsedSearchQuery): Promise<SearchPage>;
  protected abstract doClose(): Promise<void>;
  /**
   * Called for the first watcher: once it resolves, changes by other processes are emitted on `changes` too.
   * When it rejects, it has released what it had acquired.
   */
  protected async doWatchStart(): Promise<void> {}
  /** Called when the last watcher has ended. */
  protected doWatchStop(): void {}

  create(session: GivenSession): Promise<SessionHead> {
    return this.#run(() => {
      const parsed = parseSession(session);
      this.refuseReadOnly();
      return this.doCreate(parsed);
    });
  }

  get(id: string): Promise<StoredSession> {
    return this.#run(() => this.doGet(parseSessionId(id)));
  }

  head(id: string): Promise<SessionHead> {
    return this.#run(() => this.doHead(parseSessionId(id)), { isSmall: true });
  }

  update(id: string, change: SessionChange, options: WriteOptions): Promise<SessionHead> {
    return this.#run(() => {
      const sessionId = parseSessionId(id);
      const parsed = parseChange(change);
      const checked = parseInput(writeOptionsSchema, options, "options");
      this.refuseReadOnly();
      return this.doUpdate(sessionId, parsed, checked);
    });
  }

  append(id: string, entries: readonly SessionEntry[], options: AppendOptions): Promise<AppendResult> {
    return this.#run(() => {
      const sessionId = parseSessionId(id);
      const parsed = parseEntries(entries);
      const checked = parseAppendOptions(options);
      this.refuseReadOnly();
      return this.doAppend(sessionId, parsed, checked);
    });
  }

  readEntries(id: string, query: EntriesQuery = {}): Promise<EntryPage> {
    return this.#run(() =>
      this.doEntryPage(parseSessionId(id), parseInput(entriesQuerySchema, query, "query")),
    );
  }

  truncate(id: string, entryCount: number, options: WriteOptions): Promise<SessionHead> {
    return this.#run(() => {
      const sessionId = parseSessionId(id);
      if (!Number.isSafeInteger(entryCount) || entryCount < 0) {
        throw invalidInput("entryCount: expected a whole number from 0.", { field: "entryCount" });
      }
      const checked = parseInput(writeOptionsSchema, options, "options");
      this.refuseReadOnly();
      return this.doTruncate(sessionId, entryCount, checked);
    });
  }

  replace(
    session: GivenSession,
    options: { expectedVersion?: string | undefined } = {},
  ): Promise<SessionHead> {
    return this.#run(() => {
      const parsed = parseSession(session);
      const { expectedVersion } = parseInput(versionOptionsSchema, options, "options");
      this.refuseReadOnly();
      return this.doReplace(parsed, expectedVersion);
    });
  }

  delete(id: string, options: { expectedVersion?: string | undefined } = {}): Promise<boolean> {
    return this.#run(() => {
      const sessionId = parseSessionId(id);
      const { expectedVersion } = parseInput(versionOptionsSchema, options, "options");
      this.refuseReadOnly();
      return this.doDelete(sessionId, expectedVersion);
    });
  }

  list(query: HeadQuery): Promise<HeadPage>;
  list(query?: ListQuery): Promise<SessionPage>;
  list(query: ListQuery = {}): Promise<SessionPage | HeadPage> {
    return this.#run<SessionPage | HeadPage>(() => {
      const { heads, ...checked } = parseInput(listQuerySchema, query, "query");
      return heads ? this.doHeadPage(checked) : this.doSessionPage(checked);
    });
  }

  count(filter?: SessionFilter): Promise<number>;
  count(filter: SessionFilter, query: CountQuery): Promise<ValueCountPage>;
  count(filter: SessionFilter = {}, query?: CountQuery): Promise<number | ValueCountPage> {
    return this.#run<number | ValueCountPage>(() => {
      const checked = parseInput(sessionFilterSchema, filter, "filter");
      return query === undefined
        ? this.doCount(checked)
        : this.doCountPage(checked, parseInput(countQuerySchema, query, "query"));
    });
  }

  search(query: SearchQuery): Promise<SearchPage> {
    return this.#run(() => this.doSearchPage(parseInput(searchQuerySchema, query, "query")));
  }

  watch(options: WatchOptions = {}): Promise<AsyncIterableIterator<StoreChange>> {
    return this.#run(async () => {
      const given = readArgument("options", () => ({ id: options.id, signal: options.signal }));
      const id = given.id === undefined ? undefined : parseSessionId(given.id);
      const { signal } = given;
      if (signal !== undefined && !(signal instanceof AbortSignal))
        throw new TypeError("signal is an AbortSignal.");
      return this.doWatch({ id, signal });
    });
  }

  /**
   * A new watcher of `changes`. A backend overrides it only where the changes of one session come from
   * somewhere else than those of all.
   */
  protected async doWatch(options: WatchOptions): Promise<AsyncIterableIterator<StoreChange>> {
    this.#watchers++;
    try {
      // Watchers that come while the first one is starting wait for the same start.
      this.#watchStarted ??= this.doWatchStart();
      await this.#watchStarted;
    } catch (error) {
      if (--this.#watchers === 0) this.#watchStarted = undefined;
      throw error;
    }
    return this.changes.watch(options, () => {
      if (--this.#watchers > 0) return;
      this.#watchStarted = undefined;
      this.doWatchStop();
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
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.changes.close();
    await this.doClose();
  }

  /**
   * For what writes and is not in the contract; the methods that are call it by themselves.
   *
   * @throws {SessionError} unsupported where `capabilities.writable` is false.
   */
  protected refuseReadOnly(): void {
    if (this.capabilities.writable) return;
    throw new SessionError(
      "unsupported",
      `${this.location} may only be read: ${this.readOnlyReason}. Nothing was changed.`,
    );
  }

  /** @throws {SessionError} unsupported where `capabilities.searchable` is false. */
  protected refuseNotSearchable(): void {
    if (this.capabilities.searchable ?? true) return;
    throw new SessionError("unsupported", `${this.location} does not search: ${this.notSearchableReason}.`);
  }

  /**
   * Runs a call that is not in the contract like those that are: refused after `close`, which waits for it.
   */
  protected run<T>(call: () => Promise<T>): Promise<T> {
    return this.#run(call);
  }

  #run<T>(call: () => Promise<T>, { isSmall = false } = {}): Promise<T> {
    if (this.#closing) {
      return Promise.reject(
        new SessionError("closed", `The store ${this.location} is closed. Open it again to continue.`),
      );
    }
    this.#running++;
    // No async function with an await, since every call comes through here, and small ones would feel it.
    let running: Promise<T>;
    try {
      running = call();
    } catch (error) {
      running = Promise.reject(error);
    }
    running.then(this.#ended, this.#ended);
    // Many backends answer without leaving the microtask queue: a loop of such calls would starve timers and
    // I/O.
    const isTurnDue = isSmall ? this.#yielder.isDueAfterMany() : this.#yielder.isDue();
    return isTurnDue ? this.#answerNextTurn(running) : running;
  }

  async #answerNextTurn<T>(running: Promise<T>): Promise<T> {
    await this.#yielder.yieldToEventLoop();
    return running;
  }

  readonly #ended = (): void => {
    if (--this.#running === 0) this.#onIdle?.();
  };
}
