import type {
  AppendOptions,
  AppendResult,
  EntryPage,
  SearchPage,
  Session,
  SessionChange,
  SessionEntry,
  SessionFilter,
  SessionHead,
  SessionId,
  SessionPage,
  StoreCapabilities,
  StoreChange,
  StoredSession,
  WarningListener,
  WatchOptions,
  WriteOptions,
} from "@thulp-sessions/core";
import {
  CheckedStore,
  type ParsedEntriesQuery,
  type ParsedListQuery,
  type ParsedSearchQuery,
  Warnings,
} from "@thulp-sessions/core/store";
import { type ClientOptions, createClient, type SessionClient } from "./client.ts";
import { readSession } from "./read-session.ts";
import { RemoteWatch } from "./remote-watch.ts";
import { NO_RETRY } from "./retry-link.ts";
import { parseServerUrl } from "./server-url.ts";
import { sessionErrorOf } from "./session-error.ts";
import { SharedSignal } from "./shared-signal.ts";

export interface RemoteStoreOptions extends ClientOptions {
  /**
   * Hears e.g. that the connection of a watch was lost. What the server's own store warns of, its log says.
   */
  readonly onWarning?: WarningListener | undefined;
  /** Gives up the opening and every call of the store, as `withSignal` does single ones. */
  readonly signal?: AbortSignal | undefined;
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
    (call) => client.server.info.query(undefined, { ...call, context: NO_RETRY }),
    new SharedSignal(signals),
  );
  const store = new RemoteStore(
    client,
    location,
    {
      persistent: capabilities.persistent,
      // Whatever the server keeps, all its clients see the same.
      shared: true,
      // A number passes through JavaScript on its way.
      exactNumbers: false,
    },
    { signals },
  );
  if (options.onWarning) store.warnings.listen(options.onWarning);
  return store;
}

/**
 * A {@link SessionStore} over the API: a program changes to it from another store by its configuration alone.
 */
export class RemoteStore extends CheckedStore {
  override readonly location: string;
  override readonly capabilities: StoreCapabilities;
  override readonly warnings: Warnings;
  readonly #client: SessionClient;
  readonly #watch: RemoteWatch;
  readonly #signals: SharedSignal;
  /** The store that this is a view of. */
  readonly #of: RemoteStore | undefined;
  readonly #closed = new AbortController();

  /** Use `openRemoteStore`. */
  constructor(
    client: SessionClient,
    location: string,
    capabilities: StoreCapabilities,
    { signals = [], of }: { signals?: readonly AbortSignal[]; of?: RemoteStore } = {},
  ) {
    super();
    this.#client = client;
    this.location = location;
    this.capabilities = capabilities;
    this.#signals = new SharedSignal(signals);
    this.#of = of;
    this.warnings = of?.warnings ?? new Warnings();
    this.#watch = new RemoteWatch(client, location, this.changes, this.warnings);
  }

  /**
   * The same store for calls that may be given up: once the signal is aborted, every call of the view rejects
   * at once with the signal's reason, its watchers end, and no request is sent any more. A call that only
   * reads is over then. **Whether a write that was under way was carried out is unknown**: look at the
   * session, or repeat an append with the same entry ids.
   *
   * A view costs nothing, shares the connection of the watchers, and need not be closed: closing it leaves
   * the store open, closing the store ends its views.
   */
  withSignal(signal: AbortSignal): RemoteStore {
    checkSignal(signal);
    return new RemoteStore(this.#client, this.location, this.capabilities, {
      signals: [...this.#signals.sources, signal],
      of: this.#of ?? this,
    });
  }

  protected override doCreate(session: Session): Promise<SessionHead> {
    return this.#answer((call) => this.#client.sessions.save.mutate({ session }, call));
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    return this.#answer((call) => readSession(this.#client, id, call));
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    return this.#answer((call) => this.#client.sessions.head.query({ id }, call));
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
    return this.#answer((call) => this.#client.sessions.update.mutate(input, call));
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    return this.#answer((call) =>
      this.#client.entries.append.mutate({ ...options, id, entries: [...entries] }, call),
    );
  }

  protected override doEntryPage(id: SessionId, query: ParsedEntriesQuery): Promise<EntryPage> {
    return this.#answer((call) => this.#client.entries.list.query({ ...query, id }, call));
  }

  protected override doTruncate(
    id: SessionId,
    entryCount: number,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#answer((call) => this.#client.sessions.rewind.mutate({ ...options, id, entryCount }, call));
  }

  protected override doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    const input =
      expectedVersion === undefined
        ? { session, overwrite: "existing" as const }
        : { session, expectedVersion };
    return this.#answer((call) => this.#client.sessions.save.mutate(input, call));
  }

  protected override async doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    const { deleted } = await this.#answer((call) =>
      this.#client.sessions.delete.mutate({ id, expectedVersion }, call),
    );
    return deleted;
  }

  protected override doSessionPage(query: ParsedListQuery): Promise<SessionPage> {
    return this.#answer((call) => this.#client.sessions.list.query(query, call));
  }

  protected override doCount(filter: SessionFilter): Promise<number> {
    return this.#answer((call) => this.#client.sessions.count.query({ filter }, call));
  }

  protected override doSearchPage(query: ParsedSearchQuery): Promise<SearchPage> {
    return this.#answer((call) => this.#client.sessions.search.query(query, call));
  }

  override async watch(options: WatchOptions = {}): Promise<AsyncIterableIterator<StoreChange>> {
    const { sources } = this.#signals;
    if (sources.length === 0) return super.watch(options);
    // A view has no feed of its own: it follows the store's, until it is closed itself.
    const given = options.signal === undefined ? [] : [options.signal];
    const ending = { ...options, signal: AbortSignal.any([...sources, ...given, this.#closed.signal]) };
    return this.run(() =>
      this.#signals.run(() => (this.#of === undefined ? super.watch(ending) : this.#of.watch(ending))),
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

  /** A call of a view is one of its store too, which does not close before it has ended. */
  #answer<T>(call: Call<T>): Promise<T> {
    const ask = () => answer(call, this.#signals);
    return this.#of === undefined ? ask() : this.#of.run(ask);
  }
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
