import {
  type AppendOptions,
  type AppendResult,
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
  type StoredEntry,
  type StoredSession,
  type WriteOptions,
} from "@thulp-sessions/core";
import {
  alreadyExists,
  appendResult,
  BaseStore,
  changedContext,
  changedMetadata,
  checkTruncate,
  countEntries,
  type EntriesRequest,
  type ListRequest,
  nextUpdatedAt,
  notFound,
  type PlacedHit,
  planAppend,
  type Rows,
  type SearchRequest,
} from "@thulp-sessions/core/store";
import type { Change } from "./changes/change.ts";
import { ChangeLog } from "./changes/change-log.ts";
import { ChangePoller } from "./changes/change-poller.ts";
import type { Database } from "./connection/database.ts";
import { checkOptions, type SqliteStoreOptions } from "./connection/options.ts";
import { sessionErrorOf } from "./connection/sqlite-errors.ts";
import { LogSize } from "./connection/wal-size.ts";
import { backUp } from "./maintenance/backup.ts";
import type { BackupOptions } from "./maintenance/backup-options.ts";
import { checkIntegrity } from "./maintenance/integrity.ts";
import type { IntegrityFinding } from "./maintenance/integrity-finding.ts";
import { vacuum } from "./maintenance/vacuum.ts";
import { openDatabase } from "./open/open.ts";
import { SessionList } from "./query/session-list.ts";
import { SearchIndex } from "./search/search-index.ts";
import { SessionSearch } from "./search/session-search.ts";
import { UnindexedSearch } from "./search/unindexed-search.ts";
import { EntryTable } from "./tables/entry-table.ts";
import { headOf } from "./tables/rows.ts";
import { checkVersion, SessionTable } from "./tables/session-table.ts";
import { Upkeep } from "./write/background-maintenance.ts";
import { MovingSessions } from "./write/deferred-time-index.ts";
import { type Committed, WriteQueue } from "./write/group-commit.ts";

/**
 * Opens the database file, makes it where it is missing, and brings its tables up to date.
 *
 * @throws {TypeError} when an option has the wrong type.
 * @throws {SessionError} invalid_input for a name that cannot be one; unsupported for a file that is no database, that
 *   of another program or of a newer version (it is then left as it is), and where better-sqlite3 cannot be loaded;
 *   corrupt, busy, io.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  return SqliteStore.open(options);
}

/** Sessions in one SQLite file, which any number of processes may have open. */
export class SqliteStore extends BaseStore {
  override readonly location: string;
  override readonly capabilities: StoreCapabilities = {
    persistent: true,
    shared: true,
    exactNumbers: false,
  };
  readonly #database: Database;
  readonly #sessions: SessionTable;
  readonly #entries: EntryTable;
  readonly #list: SessionList;
  readonly #search: SessionSearch;
  readonly #unindexedSearch: UnindexedSearch;
  readonly #index: SearchIndex;
  readonly #queue: WriteQueue;
  readonly #upkeep: Upkeep;
  readonly #logSize: LogSize;
  readonly #poller: ChangePoller;
  readonly #warned = new Set<string>();

  /** The same as {@link openSqliteStore}. */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const checked = checkOptions(options);
    const database = await openDatabase(checked);
    try {
      // Preparing statements reads the tables.
      const store = await database.read(() => new SqliteStore(database, checked.indexLater));
      if (checked.onWarning) store.warnings.listen(checked.onWarning);
      return store;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  private constructor(database: Database, indexLater: boolean) {
    super();
    this.location = `sqlite:${database.file}`;
    this.#database = database;
    this.#sessions = new SessionTable(database);
    this.#entries = new EntryTable(database);
    const onDamaged = (error: SessionError) => this.#warnOnce(error);
    this.#list = new SessionList(database, onDamaged);
    this.#search = new SessionSearch(database, this.#list, onDamaged);
    const tables = { sessions: this.#sessions, entries: this.#entries, list: this.#list };
    this.#unindexedSearch = new UnindexedSearch(database, tables, onDamaged);
    const log = new ChangeLog(database.orm);
    this.#index = new SearchIndex(database, onDamaged);
    this.#queue = new WriteQueue(database, log, this.#entries, (commit) => this.#tell(commit));
    this.#upkeep = new Upkeep(
      database,
      this.#index,
      new MovingSessions(database, log),
      this.#queue,
      indexLater,
      (error) => this.#warnPutOff(error),
    );
    this.#logSize = new LogSize(database);
    this.#poller = new ChangePoller(database, log, {
      changed: (changes) => this.#emit(changes),
      missed: () => this.changes.reset(),
      failed: (error) => this.#warnUnwatchable(error),
    });
  }

  protected override doCreate(session: Session): Promise<SessionHead> {
    const { metadata, context, entries } = session;
    return this.#queue.create(metadata.id, (effects) => {
      if (this.#sessions.locate(metadata.id) !== undefined) throw alreadyExists(metadata.id);
      const revision = effects.changed("created", metadata.id);
      const counts = countEntries(entries);
      const key = this.#sessions.insert(metadata, context, counts, revision);
      this.#entries.insert(key, entries, 0);
      effects.rowsToIndex = 1 + entries.length;
      return headOf(metadata, context, counts, revision);
    });
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    return this.#database.read(() => {
      const record = this.#sessions.find(id);
      const context = this.#sessions.contextOf(record);
      const entries = this.#entries.all(record.key, id, record.counts.entryCount);
      return { metadata: record.metadata, entries, context, version: String(record.revision) };
    }, id);
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    return this.#database.readOnce(() => this.#sessions.head(id), id);
  }

  protected override doUpdate(
    id: SessionId,
    change: SessionChange,
    { at, expectedVersion }: WriteOptions,
  ): Promise<SessionHead> {
    return this.#queue.run(id, (effects) => {
      const record = this.#sessions.find(id, expectedVersion);
      const before = this.#sessions.contextOf(record);
      const metadata = changedMetadata(record.metadata, change, at);
      const context = changedContext(before, change);
      const revision = effects.changed("changed", id);
      this.#sessions.update(
        record,
        metadata,
        record.counts,
        revision,
        context === before ? undefined : context,
      );
      if (metadata.name !== record.metadata.name) this.#index.rename(record.key, metadata.name);
      return headOf(metadata, context, record.counts, revision);
    });
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    return this.#queue.append(id, (effects) => {
      const row = this.#entries.appendTarget(id);
      if (!row) throw notFound(id);
      const target = {
        metadata: row,
        counts: row.counts,
        version: String(row.revision),
        findEntries: (entryId: SessionEntry["id"]) => this.#entries.findById(row.key, id, entryId),
      };
      const plan = planAppend(id, target, entries, options);
      if (plan.fresh.length === 0) return appendResult(plan, target.version);
      const revision = effects.appended(id);
      this.#entries.insert(row.key, plan.fresh, row.counts.entryCount);
      this.#entries.changeSession(id, row, plan, revision);
      effects.rowsToIndex = plan.fresh.length;
      effects.startsMoving = !row.isMoving;
      return appendResult(plan, String(revision));
    });
  }

  protected override doReadEntries(id: SessionId, request: EntriesRequest): Promise<Rows<StoredEntry>> {
    return this.#database.read(() => {
      const found = this.#sessions.locate(id);
      if (!found) throw notFound(id);
      return this.#entries.page(found.key, id, request);
    }, id);
  }

  protected override doTruncate(
    id: SessionId,
    entryCount: number,
    { at, expectedVersion }: WriteOptions,
  ): Promise<SessionHead> {
    return this.#queue.run(id, (effects) => {
      const record = this.#sessions.find(id, expectedVersion);
      checkTruncate(id, record.counts.entryCount, entryCount);
      const context = this.#sessions.contextOf(record);
      if (entryCount === record.counts.entryCount)
        return headOf(record.metadata, context, record.counts, record.revision);
      const counts = this.#entries.countBelow(record.key, entryCount);
      const metadata = { ...record.metadata, updatedAt: nextUpdatedAt(record.metadata, at) };
      const revision = effects.changed("changed", id);
      this.#entries.deleteFrom(record.key, entryCount);
      this.#index.removeEntries(record.key, entryCount);
      this.#sessions.update(record, metadata, counts, revision);
      return headOf(metadata, context, counts, revision);
    });
  }

  protected override doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    const { id } = session.metadata;
    return this.#queue.run(id, (effects) => {
      const record = this.#sessions.find(id, expectedVersion);
      const updatedAt = nextUpdatedAt(record.metadata, session.metadata.updatedAt);
      const metadata = { ...session.metadata, updatedAt };
      const { context, entries } = session;
      const counts = countEntries(entries);
      const revision = effects.changed("changed", id);
      this.#entries.deleteFrom(record.key, 0);
      this.#index.removeEntries(record.key, 0);
      this.#entries.insert(record.key, entries, 0);
      this.#sessions.update(record, metadata, counts, revision, context);
      if (metadata.name !== record.metadata.name) this.#index.rename(record.key, metadata.name);
      effects.rowsToIndex = entries.length;
      return headOf(metadata, context, counts, revision);
    });
  }

  protected override doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    return this.#queue.run(id, (effects) => {
      const found = this.#sessions.locate(id);
      if (!found) return false;
      const { key, revision } = found;
      checkVersion(id, revision, expectedVersion);
      effects.changed("deleted", id);
      this.#sessions.delete(key);
      this.#index.removeSession(key);
      return true;
    });
  }

  protected override doList(request: ListRequest): Promise<Rows<SessionMetadata>> {
    return this.#database.read(() => this.#list.page(request));
  }

  protected override doCount(filter: SessionFilter): Promise<number> {
    return this.#database.read(() => this.#list.count(filter));
  }

  protected override async doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
    const page = await this.#database.read(() =>
      this.#index.isUpToDate() ? this.#search.page(request) : null,
    );
    if (page) return page;
    try {
      return await this.#upkeep.readIndexed(() => this.#search.page(request));
    } catch (error) {
      // A full disk, a file that may only be read, a lock that is held for too long: reads go on.
      if (!isSessionError(error, "io") && !isSessionError(error, "busy")) throw error;
      return this.#unindexedSearch.page(request);
    }
  }

  protected override doWatchStart(): Promise<void> {
    return this.#database.read(() => this.#poller.start());
  }

  protected override doWatchStop(): void {
    this.#poller.stop();
  }

  /**
   * Copies the database while it is in use, into a file that must not be there yet. The copy is one moment of the database,
   * after the call; it is made under another name, brought to the disk, and only then has its name. Readable by its owner only.
   *
   * @throws {SessionError} invalid_input when there is such a file; io, busy, corrupt, closed. @throws whatever `onProgress`
   *   throws.
   */
  backup(to: string, options: BackupOptions = {}): Promise<void> {
    return this.run(() => backUp(this.#database, to, options));
  }

  /**
   * Gives the space of what was deleted back to the system, by writing the whole file anew: it needs room for a second one,
   * and holds up this process and all writers meanwhile.
   *
   * @returns by how many bytes the file became shorter.
   * @throws {SessionError} busy, io, corrupt, closed
   */
  vacuum(): Promise<{ readonly bytesFreed: number }> {
    return this.run(() => vacuum(this.#database));
  }

  /**
   * Looks at everything in the file, and tells what is wrong. It changes nothing. It lets others have their turn between two
   * steps, of which the longest looks at one table as a whole.
   *
   * @throws {SessionError} busy, io, closed. Damage is what it gives, not what it throws.
   */
  checkIntegrity(): Promise<readonly IntegrityFinding[]> {
    return this.run(() => checkIntegrity(this.#database));
  }

  protected override async doClose(): Promise<void> {
    this.#poller.stop();
    this.#logSize.stop();
    await this.#upkeep.stop();
    try {
      this.#database.close();
    } catch (error) {
      throw sessionErrorOf(error, this.#database.file);
    }
  }

  #tell(committed: Committed): void {
    const { before, changes } = committed;
    for (const { id } of changes) this.#sessions.forgetHead(id);
    this.#upkeep.wrote(committed);
    this.#logSize.check();
    this.#poller.passOwn(before, changes);
    this.#emit(changes);
  }

  #emit(changes: readonly Change[]): void {
    for (const { type, id } of changes) this.changes.emit(type, id);
  }

  #warnOnce({ code, message, details }: SessionError): void {
    const { sessionId, path } = details;
    if (sessionId === undefined || this.#warned.has(sessionId)) return;
    this.#warned.add(sessionId);
    const warning = { code, message, sessionId, ...(path === undefined ? {} : { path }) };
    // Found within a read transaction; whoever hears of it may read the store at once.
    queueMicrotask(() => this.warnings.emit(warning));
  }

  #warnUnwatchable(error: unknown): void {
    this.#warnOfTrouble("Changes by other processes cannot be seen at the moment.", error);
  }

  #warnPutOff(error: unknown): void {
    this.#warnOfTrouble("What was written last could not be made ready for search.", error);
  }

  #warnOfTrouble(trouble: string, error: unknown): void {
    const { file } = this.#database;
    const cause = sessionErrorOf(error, file);
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.warnings.emit({ code: "io", message: `${trouble} ${reason}`, path: file });
  }
}
