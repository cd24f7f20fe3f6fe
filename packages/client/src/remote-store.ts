// Longer than most files: each method of the contract is a call, whose answer is checked.

import type {
  AppendOptions,
  AppendResult,
  EntryPage,
  HeadPage,
  ListedHead,
  SearchPage,
  Session,
  SessionChange,
  SessionEntry,
  SessionFilter,
  SessionHead,
  SessionId,
  SessionMetadata,
  SessionPage,
  StoreCapabilities,
  StoreChange,
  StoredSession,
  ValueCountPage,
  WarningListener,
  WatchOptions,
  WriteOptions,
} from "@thulp-sessions/core";
import {
  CheckedStore,
  exceedsBounds,
  type ParsedCountQuery,
  type ParsedEntriesQuery,
  type ParsedListQuery,
  type ParsedSearchQuery,
  type StoreViews,
  Warnings,
} from "@thulp-sessions/core/store";
import {
  type AnswerCheck,
  APPEND_RESULT,
  COUNT,
  COUNT_PAGE,
  checkAnswer,
  DELETED,
  ENTRY_PAGE,
  HEAD,
  HEAD_PAGE,
  SEARCH_PAGE,
  SERVER_INFO,
  SESSION_PAGE,
} from "./answers.ts";
import { type ClientOptions, createClient, type SessionClient } from "./client.ts";
import { type PageOrder, PageProgress } from "./page-progress.ts";
import { readSession } from "./read-session.ts";
import { remoteViews } from "./remote-views.ts";
import { RemoteWatch } from "./remote-watch.ts";
import { NO_RETRY } from "./retry-link.ts";
import { parseServerUrl } from "./server-url.ts";
import { sessionErrorOf } from "./session-error.ts";
import { SharedSignal } from "./shared-signal.ts";

/** How to open the store of a server. */
export interface RemoteStoreOptions extends ClientOptions {
  /**
   * Called e.g. when the connection of a watch was lost. Warnings of the server's own store are in the
   * server's log.
   */
  readonly onWarning?: WarningListener | undefined;
  /** Aborts the opening and every call of the store, as `withSignal` does for single calls. */
  readonly signal?: AbortSignal | undefined;
  /** Refuses every call that writes, whatever the server would take. */
  readonly readOnly?: boolean | undefined;
}

/**
 * Opens the store that a server serves. Closing it leaves the server as it is.
 *
 * @throws {SessionError} io when the server cannot be reached; invalid_input when it refuses the token. The
 *   signal's reason when it is aborted.
 */
export async function openRemoteStore(options: RemoteStoreOptions): Promise<RemoteStore> {
  const location = parseServerUrl(options.url);
  const client = createClient(options);
  if (options.signal !== undefined) checkSignal(options.signal);
  const signals = options.signal === undefined ? [] : [options.signal];
  const { capabilities } = await answer(
    // Opening fails immediately when no server is there, instead of retrying for seconds.
    async (call) =>
      checkAnswer(
        location,
        await client.server.info.query(undefined, { ...call, context: NO_RETRY }),
        SERVER_INFO,
      ),
    new SharedSignal(signals),
  );
  const isWritable = capabilities.writable ?? true;
  const store = new RemoteStore(
    client,
    location,
    {
      persistent: capabilities.persistent,
      // All clients of the server see the same sessions.
      shared: true,
      // Every number is parsed by JavaScript on its way.
      exactNumbers: false,
      writable: isWritable && options.readOnly !== true,
      ...(capabilities.searchable === false && { searchable: false }),
    },
    { signals, ...(isWritable ? {} : { readOnlyReason: SERVED_READ_ONLY }) },
  );
  if (options.onWarning) store.warnings.listen(options.onWarning);
  return store;
}

const SERVED_READ_ONLY = "its server serves it so: server.info says capabilities.writable false";

interface RemoteStoreParts {
  readonly signals?: readonly AbortSignal[];
  /** The store that this one is a view of. */
  readonly of?: RemoteStore;
  /** Why it is not writable; that it was opened so when absent. */
  readonly readOnlyReason?: string;
}

/**
 * A `SessionStore` over the API: a program can use it in place of another store without any change.
 */
export class RemoteStore extends CheckedStore {
  override readonly kind = "http";
  override readonly location: string;
  override readonly capabilities: StoreCapabilities;
  override readonly warnings: Warnings;
  readonly #client: SessionClient;
  readonly #watch: RemoteWatch;
  readonly #signals: SharedSignal;
  /** The store that this one is a view of. */
  readonly #viewOf: RemoteStore | undefined;
  readonly #closed = new AbortController();
  readonly #progress: PageProgress;
  /** What the server answers for `SessionViews`, each in one call. */
  readonly views: StoreViews;

  constructor(
    client: SessionClient,
    location: string,
    capabilities: StoreCapabilities,
    { signals = [], of, readOnlyReason = of?.readOnlyReason }: RemoteStoreParts = {},
  ) {
    super();
    if (readOnlyReason !== undefined) this.readOnlyReason = readOnlyReason;
    this.#client = client;
    this.location = location;
    this.capabilities = capabilities;
    this.#signals = new SharedSignal(signals);
    this.#viewOf = of;
    this.#progress = of === undefined ? new PageProgress(location) : of.#progress;
    this.views = remoteViews(
      client,
      (check, call) => this.run(() => this.#answer(check, call)),
      this.#progress,
    );
    this.warnings = of?.warnings ?? new Warnings();
    this.#watch = new RemoteWatch(client, location, this.changes, this.warnings);
  }

  /**
   * The same store for calls that can be cancelled: once the signal is aborted, every pending call of the
   * view rejects immediately with the signal's reason, its watchers end, and no more requests are sent.
   * **Whether a pending write was carried out is unknown**: read the session, or retry an append with the
   * same entry ids.
   *
   * A view costs nothing, shares the connection of the watchers, and need not be closed: closing it leaves
   * the store open, and closing the store ends its views.
   */
  withSignal(signal: AbortSignal): RemoteStore {
    checkSignal(signal);
    return new RemoteStore(this.#client, this.location, this.capabilities, {
      signals: [...this.#signals.sources, signal],
      of: this.#viewOf ?? this,
    });
  }

  protected override doCreate(session: Session): Promise<SessionHead> {
    return this.#answer(HEAD, (call) =>
      this.#client.sessions.save.mutate({ session, ...storedMark(session) }, call),
    );
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    return this.#answer(null, (call) => readSession(this.#client, this.location, id, call));
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    return this.#answer(HEAD, (call) => this.#client.sessions.head.query({ id }, call));
  }

  protected override doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead> {
    const { tags, removeContext, ...rest } = change;
    const input = {
      ...rest,
      tags: tags && [...tags],
      removeContext: removeContext && [...removeContext],
      ...options,
      id,
    };
    return this.#answer(HEAD, (call) => this.#client.sessions.update.mutate(input, call));
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    const { removeContext, ...rest } = options;
    const input = { ...rest, id, entries: [...entries], removeContext: removeContext && [...removeContext] };
    return this.#answer(APPEND_RESULT, (call) => this.#client.entries.append.mutate(input, call));
  }

  protected override async doEntryPage(id: SessionId, query: ParsedEntriesQuery): Promise<EntryPage> {
    const page = await this.#answer(ENTRY_PAGE, (call) =>
      this.#client.entries.list.query({ ...query, id }, call),
    );
    const isFalling = query.direction === "desc";
    return this.#progress.check(query, page, { keyOf: ({ seq }) => [seq], isFalling });
  }

  protected override doTruncate(
    id: SessionId,
    entryCount: number,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#answer(HEAD, (call) =>
      this.#client.sessions.rewind.mutate({ ...options, id, entryCount }, call),
    );
  }

  protected override doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    const input =
      expectedVersion === undefined
        ? { session, overwrite: "existing" as const, ...storedMark(session) }
        : { session, expectedVersion };
    return this.#answer(HEAD, (call) => this.#client.sessions.save.mutate(input, call));
  }

  protected override async doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    const { deleted } = await this.#answer(DELETED, (call) =>
      this.#client.sessions.delete.mutate({ id, expectedVersion }, call),
    );
    return deleted;
  }

  protected override async doSessionPage(query: ParsedListQuery): Promise<SessionPage> {
    const page = await this.#answer(SESSION_PAGE, (call) => this.#client.sessions.list.query(query, call));
    return this.#progress.check(query, page, listOrder(query));
  }

  protected override async doHeadPage(query: ParsedListQuery): Promise<HeadPage> {
    const page = await this.#answer(HEAD_PAGE, (call) => this.#client.sessions.heads.query(query, call));
    // Their order cannot be seen: one that was changed since it was found stands at its place with a new
    // time.
    return this.#progress.check(query, page, { idOf: ({ metadata }: ListedHead) => metadata.id });
  }

  protected override doCount(filter: SessionFilter): Promise<number> {
    return this.#answer(COUNT, (call) => this.#client.sessions.count.query({ filter }, call));
  }

  protected override async doCountPage(
    filter: SessionFilter,
    query: ParsedCountQuery,
  ): Promise<ValueCountPage> {
    const page = await this.#answer(COUNT_PAGE, (call) =>
      this.#client.sessions.countBy.query({ ...query, filter }, call),
    );
    return this.#progress.check(query, page, { keyOf: ({ count, value }) => [-count, value] });
  }

  protected override async doSearchPage(query: ParsedSearchQuery): Promise<SearchPage> {
    const page = await this.#answer(SEARCH_PAGE, (call) => this.#client.sessions.search.query(query, call));
    return this.#progress.check(query, page);
  }

  override async watch(options: WatchOptions = {}): Promise<AsyncIterableIterator<StoreChange>> {
    const { sources } = this.#signals;
    if (sources.length === 0) return super.watch(options);
    // A view has no watch of its own: it uses the store's, until the view is closed.
    const given = options.signal === undefined ? [] : [options.signal];
    const ending = { ...options, signal: AbortSignal.any([...sources, ...given, this.#closed.signal]) };
    return this.run(() =>
      this.#signals.run(() =>
        this.#viewOf === undefined ? super.watch(ending) : this.#viewOf.watch(ending),
      ),
    );
  }

  protected override doWatchStart(): Promise<void> {
    return this.#watch.start();
  }

  protected override doWatchStop(): void {
    this.#watch.stop();
  }

  protected override async doClose(): Promise<void> {
    this.#closed.abort();
    this.#watch.stop();
  }

  /**
   * A call of a view is also a call of its store, whose `close` waits for it.
   *
   * @param check `null` for a call that has checked its answers.
   */
  #answer<T>(check: AnswerCheck<T> | null, call: Call<T>): Promise<T> {
    const ask = async () => {
      const value = await answer(call, this.#signals);
      return check ? checkAnswer(this.location, value, check) : value;
    };
    return this.#viewOf === undefined ? ask() : this.#viewOf.run(ask);
  }
}

/** A session that is larger than a new one may be has passed the checks here: it comes from a store. */
function storedMark(session: Session): { readonly stored?: true } {
  return exceedsBounds(session) ? { stored: true } : {};
}

function listOrder({ orderBy, direction }: ParsedListQuery): PageOrder<SessionMetadata> {
  return { keyOf: ({ id, [orderBy]: time }) => [time, id], isFalling: direction === "desc" };
}

type Call<T> = (options: { readonly signal?: AbortSignal }) => Promise<T>;

async function answer<T>(call: Call<T>, signals: SharedSignal): Promise<T> {
  try {
    return await (signals.sources.length === 0 ? call({}) : signals.run((signal) => call({ signal })));
  } catch (error) {
    throw sessionErrorOf(error) ?? error;
  }
}

function checkSignal(signal: unknown): void {
  if (!(signal instanceof AbortSignal)) throw new TypeError("signal is an AbortSignal.");
}
