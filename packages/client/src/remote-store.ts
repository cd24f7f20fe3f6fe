import {
  type AppendOptions,
  type AppendResult,
  CheckedStore,
  type EntryPage,
  type ParsedEntriesQuery,
  type ParsedListQuery,
  type ParsedSearchQuery,
  type SearchPage,
  type Session,
  type SessionChange,
  type SessionEntry,
  type SessionFilter,
  type SessionHead,
  type SessionId,
  type SessionPage,
  type StoreCapabilities,
  type StoredSession,
  type WarningListener,
  type WriteOptions,
} from "@thulp-sessions/core";
import { type ClientOptions, createClient, type SessionClient } from "./client.ts";
import { readSession } from "./read-session.ts";
import { RemoteWatch } from "./remote-watch.ts";
import { parseServerUrl } from "./server-url.ts";
import { sessionErrorOf } from "./session-error.ts";

export interface RemoteStoreOptions extends ClientOptions {
  /** Hears e.g. that the connection of a watch was lost. What the server's own store warns of, its log says. */
  readonly onWarning?: WarningListener | undefined;
}

/**
 * Opens the store that a server serves. Closing it leaves the server as it is.
 *
 * @throws {SessionError} io when the server cannot be reached; invalid_input when it refuses the token.
 */
export async function openRemoteStore(options: RemoteStoreOptions): Promise<RemoteStore> {
  const location = parseServerUrl(options.url);
  const client = createClient(options);
  const { capabilities } = await answer(
    // Whoever opens a store wants to hear at once that nobody is there.
    client.server.info.query(undefined, { context: { repeat: false } }),
  );
  const store = new RemoteStore(client, location, {
    persistent: capabilities.persistent,
    // Whatever the server keeps, all its clients see the same.
    shared: true,
    // A number passes through JavaScript on its way.
    exactNumbers: false,
  });
  if (options.onWarning) store.warnings.listen(options.onWarning);
  return store;
}

/** A {@link SessionStore} over the API: a program changes to it from another store by its configuration alone. */
export class RemoteStore extends CheckedStore {
  override readonly location: string;
  override readonly capabilities: StoreCapabilities;
  readonly #client: SessionClient;
  readonly #watch: RemoteWatch;

  /** Use `openRemoteStore`. */
  constructor(client: SessionClient, location: string, capabilities: StoreCapabilities) {
    super();
    this.#client = client;
    this.location = location;
    this.capabilities = capabilities;
    this.#watch = new RemoteWatch(client, location, this.changes, this.warnings);
  }

  protected override doCreate(session: Session): Promise<SessionHead> {
    return answer(this.#client.sessions.save.mutate({ session }));
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    return answer(readSession(this.#client, id));
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    return answer(this.#client.sessions.head.query({ id }));
  }

  protected override doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead> {
    const { tags, removeContext, ...rest } = change;
    return answer(
      this.#client.sessions.update.mutate({
        ...rest,
        tags: tags && [...tags],
        removeContext: removeContext && [...removeContext],
        ...options,
        id,
      }),
    );
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    return answer(this.#client.entries.append.mutate({ ...options, id, entries: [...entries] }));
  }

  protected override doEntryPage(id: SessionId, query: ParsedEntriesQuery): Promise<EntryPage> {
    return answer(this.#client.entries.list.query({ ...query, id }));
  }

  protected override doTruncate(
    id: SessionId,
    entryCount: number,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return answer(this.#client.sessions.rewind.mutate({ ...options, id, entryCount }));
  }

  protected override doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    return answer(
      this.#client.sessions.save.mutate(
        expectedVersion === undefined ? { session, overwrite: "existing" } : { session, expectedVersion },
      ),
    );
  }

  protected override async doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    const { deleted } = await answer(this.#client.sessions.delete.mutate({ id, expectedVersion }));
    return deleted;
  }

  protected override doSessionPage(query: ParsedListQuery): Promise<SessionPage> {
    return answer(this.#client.sessions.list.query(query));
  }

  protected override doCount(filter: SessionFilter): Promise<number> {
    return answer(this.#client.sessions.count.query({ filter }));
  }

  protected override doSearchPage(query: ParsedSearchQuery): Promise<SearchPage> {
    return answer(this.#client.sessions.search.query(query));
  }

  protected override doWatchStart(): Promise<void> {
    return this.#watch.start();
  }

  protected override doWatchStop(): void {
    this.#watch.stop();
  }

  protected override async doClose(): Promise<void> {
    this.#watch.stop();
  }
}

async function answer<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw sessionErrorOf(error) ?? error;
  }
}
