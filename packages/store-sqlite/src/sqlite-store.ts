// Longer than most files: one method for each of the contract, most of them a line of delegation.
import {
  type AppendOptions,
  type AppendResult,
  type CountedField,
  isSessionError,
  type Session,
  type SessionChange,
  type SessionEntry,
  type SessionError,
  type SessionFilter,
  type SessionHead,
  type SessionId,
  type SessionMetadata,
  type StoreCapabilities,
  type StoredSession,
  type WriteOptions,
} from "@thulp-sessions/core";
import {
  BaseStore,
  checkLabel,
  type EntriesRequest,
  type EntryRows,
  type HeadRows,
  type LabelledStore,
  type ListRequest,
  notFound,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  type StoreFinding,
  type StoreViews,
  type VacuumReport,
} from "@thulp-sessions/core/store";
import type { Change } from "./changes/change.ts";
import { ChangeLog } from "./changes/change-log.ts";
import { ChangePoller } from "./changes/change-poller.ts";
import type { Database } from "./connection/database.ts";
import { restartWal } from "./connection/restart-wal.ts";
import { isDiskFull, sessionErrorOf } from "./connection/sqlite-errors.ts";
import { WalSize } from "./connection/wal-size.ts";
import { backUp } from "./maintenance/backup.ts";
import type { BackupOptions } from "./maintenance/backup-options.ts";
import { checkIntegrity } from "./maintenance/integrity.ts";
import { vacuum } from "./maintenance/vacuum.ts";
import { SessionCounts } from "./query/session-counts.ts";
import { SessionIds } from "./query/session-ids.ts";
import { SessionList } from "./query/session-list.ts";
import { indexRemade, mendingIndex, remakeIndexAfter } from "./search/damaged-index.ts";
import { SearchIndex } from "./search/search-index.ts";
import { SessionSearch } from "./search/session-search.ts";
import { searchUnindexed } from "./search/unindexed-search.ts";
import { AppendRows } from "./tables/append-rows.ts";
import { DeferredTimeIndex } from "./tables/deferred-time-index.ts";
import { EntryEnvelopes } from "./tables/entry-envelopes.ts";
import { EntryTable } from "./tables/entry-table.ts";
import { LabelTable } from "./tables/label-table.ts";
import { SessionTable } from "./tables/session-table.ts";
import { BackgroundMaintenance } from "./write/background-maintenance.ts";
import { type Commit, GroupCommit } from "./write/group-commit.ts";
import { SecureDeletion } from "./write/secure-deletion.ts";
import { SessionWrites } from "./write/session-writes.ts";

/**
 * Sessions in one SQLite file: the contract of every store, and what maintains the file. Opened by
 * {@link openSqliteStore}.
 */
export class SqliteStore extends BaseStore implements LabelledStore {
  override readonly kind = "sqlite";
  override readonly location: string;
  override readonly capabilities: StoreCapabilities;
  readonly #database: Database;
  readonly #sessions: SessionTable;
  readonly #entries: EntryTable;
  readonly #envelopes: EntryEnvelopes;
  readonly #list: SessionList;
  readonly #counts: SessionCounts;
  readonly #ids: SessionIds;
  readonly #search: SessionSearch;
  readonly #index: SearchIndex;
  readonly #writes: SessionWrites;
  readonly #commits: GroupCommit;
  readonly #maintenance: BackgroundMaintenance;
  readonly #walSize: WalSize;
  readonly #label: LabelTable;
  readonly #secureDeletion: SecureDeletion | undefined;
  readonly #poller: ChangePoller;
  readonly #warned = new Set<string>();
  /** What it answers with fewer reads than the contract would take. */
  readonly views: StoreViews = {
    envelopes: (id, request) =>
      this.run(() =>
        this.#database.read(() => {
          const found = this.#sessions.locate(id);
          if (!found) throw notFound(id);
          return { ...this.#envelopes.page(found.key, id, request), epoch: found.epoch };
        }, id),
      ),
    resolve: async (prefix, limit) => {
      const ids = await this.run(() => this.#database.read(() => this.#ids.beginning(prefix, limit + 1)));
      const query = { filter: { ids: ids.slice(0, limit) }, orderBy: "createdAt", limit } as const;
      const { items, nextCursor } = await this.list(query);
      return { items, more: ids.length > limit || nextCursor !== null };
    },
  };
  readonly #onDamaged = ({ code, message, details: { sessionId, path } }: SessionError): void => {
    if (sessionId === undefined || this.#warned.has(sessionId)) return;
    this.#warned.add(sessionId);
    // Damage is found within a read transaction, and a listener may read the store.
    queueMicrotask(() =>
      this.warnings.emit({ code, message, sessionId, ...(path !== undefined && { path }) }),
    );
  };

  readonly #onIndexRemade = ({ cause, message }: SessionError): void => {
    this.#maintenance.indexRemade();
    const problem = cause instanceof Error ? cause.message : message;
    queueMicrotask(() => this.warnings.emit(indexRemade(this.#database.file, problem)));
  };

  /** @internal */
  constructor(database: Database, indexLater: boolean) {
    super();
    this.location = `sqlite:${database.givenFile}`;
    const { reading } = database;
    this.capabilities = {
      persistent: true,
      shared: !reading?.isCopy,
      exactNumbers: false,
      writable: reading === null,
    };
    if (reading) this.readOnlyReason = reading.readOnlyReason;
    this.#database = database;
    this.#sessions = new SessionTable(database);
    this.#entries = new EntryTable(database);
    this.#envelopes = new EntryEnvelopes(database);
    this.#list = new SessionList(database, this.#onDamaged);
    this.#counts = new SessionCounts(database);
    this.#ids = new SessionIds(database);
    this.#search = new SessionSearch(database, this.#list, this.#onDamaged);
    this.#index = new SearchIndex(database, this.#onDamaged);
    this.#writes = new SessionWrites(this.#sessions, this.#entries, this.#index);
    const log = new ChangeLog(database);
    const rows = new AppendRows(database);
    this.#commits = new GroupCommit(database, log, rows, (commit) => this.#onCommit(commit));
    this.#maintenance = new BackgroundMaintenance({
      database,
      searchIndex: this.#index,
      timeIndex: new DeferredTimeIndex(database),
      commits: this.#commits,
      indexLater,
      onError: (error) => this.#indexingFailed(error),
    });
    this.#walSize = new WalSize(database);
    this.#label = new LabelTable(database);
    if (database.deletion === "secure")
      this.#secureDeletion = new SecureDeletion({
        database,
        searchIndex: this.#index,
        commits: this.#commits,
        onError: (error) => this.#warn("What was deleted may still be found in the file; vacuum.", error),
      });
    this.#poller = new ChangePoller(database, log, {
      changed: (changes) => this.#emit(changes),
      missed: () => this.changes.reset(),
      failed: (error) => this.#warn("Changes by other processes cannot be seen at the moment.", error),
    });
  }

  protected override doCreate(session: Session): Promise<SessionHead> {
    return this.#commits.add(session.metadata.id, this.#writes.create(session));
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    return this.#database.read(() => {
      const record = this.#sessions.find(id);
      const context = this.#sessions.contextOf(record);
      const entries = this.#entries.all(record.key, id, record.counts.entryCount);
      const { metadata, revision, epoch } = record;
      return { metadata, entries, context, version: String(revision), epoch };
    }, id);
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    return this.#database.readOnce(() => this.#sessions.head(id), id);
  }

  protected override doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#deleting(() => this.#commits.run(id, this.#writes.update(id, change, options)));
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    const { keep, setContext, removeContext } = options;
    if ((keep ?? setContext ?? removeContext) === undefined)
      return this.#commits.append(id, this.#writes.append(id, entries, options));
    return this.#deleting(() => this.#commits.add(id, this.#writes.appendAndChange(id, entries, options)));
  }

  protected override doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
    return this.#database.read(() => {
      const found = this.#sessions.locate(id);
      if (!found) throw notFound(id);
      return { ...this.#entries.page(found.key, id, request), epoch: found.epoch };
    }, id);
  }

  protected override doTruncate(id: SessionId, count: number, options: WriteOptions): Promise<SessionHead> {
    return this.#deleting(() => this.#commits.run(id, this.#writes.truncate(id, count, options)));
  }

  protected override doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    const { id } = session.metadata;
    return this.#deleting(() => this.#commits.add(id, this.#writes.replace(session, expectedVersion)));
  }

  protected override doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    return this.#deleting(() => this.#commits.run(id, this.#writes.delete(id, expectedVersion)));
  }

  protected override doList(request: ListRequest): Promise<Rows<SessionMetadata>> {
    return this.#database.read(() => this.#list.page(request));
  }

  protected override doListHeads(request: ListRequest): Promise<HeadRows> {
    return this.#database.read(() => this.#list.headPage(request));
  }

  protected override doCount(filter: SessionFilter): Promise<number> {
    return this.#database.read(() => this.#counts.all(filter));
  }

  protected override doCountValues(filter: SessionFilter, by: CountedField, prefix: string) {
    return this.#database.read(() => this.#counts.values(filter, by, prefix));
  }

  protected override async doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
    try {
      return await this.#mendingIndex(() =>
        this.#search.page(request, async (read) => {
          const candidates = await this.#database.read(() => (this.#index.isUpToDate() ? read() : null));
          return candidates ?? (await this.#maintenance.withCurrentIndex(read));
        }),
      );
    } catch (error) {
      // A full disk, a place that may only be read, a lock that is held for too long: reads still work.
      if (!isSessionError(error, "io") && !isSessionError(error, "busy")) throw error;
      return searchUnindexed(request, {
        list: (page) => this.doList(page),
        entries: (id, page) => this.doReadEntries(id, page),
        onDamaged: this.#onDamaged,
      });
    }
  }

  protected override doWatchStart(): Promise<void> {
    return this.#database.read(() => this.#poller.start());
  }

  protected override doWatchStop(): void {
    this.#poller.stop();
  }

  readLabel(): Promise<string | null> {
    return this.run(() => this.#database.read(() => this.#label.read()));
  }

  claimLabel(label: string): Promise<string> {
    return this.run(() => {
      const checked = checkLabel(label);
      this.refuseReadOnly();
      return this.#commits.maintain(() => this.#label.claim(checked));
    });
  }

  /**
   * Copies the database, while it is in use, into a new file. The copy is the state at one moment after the
   * call. It gets its name when it is complete and synced; only its owner can read it.
   *
   * @throws {SessionError} invalid_input when the file exists; io, busy, corrupt, closed.
   * @throws any error of `onProgress`.
   */
  backup(to: string, options: BackupOptions = {}): Promise<void> {
    return this.run(() => backUp(this.#database, to, options));
  }

  /**
   * Gives the space of deleted rows back to the file system by rewriting the file, which has nothing any more
   * of what was deleted. Needs room for a second copy of it, and blocks this process and all writers
   * meanwhile.
   *
   * @returns by how many bytes the file became shorter, and which files may still hold what was deleted.
   * @throws {SessionError} unsupported where it may only be read; busy, io, corrupt, closed
   */
  vacuum(): Promise<VacuumReport> {
    return this.run(() => {
      this.refuseReadOnly();
      return this.#mendingIndex(() => vacuum(this.#database, this.#index));
    });
  }

  /**
   * Checks everything in the file and changes nothing. Other work of the process runs between two steps, the
   * longest of which checks one table as a whole.
   *
   * @returns the damage that was found, none for an intact file.
   * @throws {SessionError} busy, io, closed
   */
  checkIntegrity(): Promise<readonly StoreFinding[]> {
    return this.run(() => checkIntegrity(this.#database));
  }

  protected override async doClose(): Promise<void> {
    this.#poller.stop();
    this.#walSize.stop();
    await this.#maintenance.stop();
    try {
      this.#database.close();
    } catch (error) {
      throw sessionErrorOf(error, this.#database.file);
    }
  }

  #onCommit(commit: Commit): void {
    for (const { id } of commit.changes) this.#sessions.forgetHead(id);
    this.#maintenance.onCommit(commit);
    this.#walSize.check();
    this.#poller.skipOwnChanges(commit.before, commit.changes);
    this.#emit(commit.changes);
  }

  #emit(changes: readonly Change[]): void {
    for (const { type, id } of changes) this.changes.emit(type, id);
  }

  /** Carries out a call that may drop or replace what is stored. */
  async #deleting<T>(call: () => Promise<T>): Promise<T> {
    const result = await this.#mendingIndex(call).catch((error) => {
      // On a full disk there is room only in the place that the WAL has.
      if (isDiskFull(error) && restartWal(this.#database.client)) return this.#mendingIndex(call);
      throw error;
    });
    await this.#secureDeletion?.finish();
    return result;
  }

  #mendingIndex<T>(call: () => Promise<T>): Promise<T> {
    return mendingIndex(this.#database, this.#onIndexRemade, call);
  }

  #indexingFailed(error: unknown): void {
    const warn = (reason: unknown) =>
      this.#warn("The latest writes could not be added to the index for search.", reason);
    remakeIndexAfter(this.#database, error, this.#onIndexRemade).then((isRemade) => {
      if (!isRemade) warn(error);
    }, warn);
  }

  #warn(problem: string, error: unknown): void {
    const { file } = this.#database;
    const cause = sessionErrorOf(error, file);
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.warnings.emit({ code: "io", message: `${problem} ${reason}`, path: file });
  }
}
