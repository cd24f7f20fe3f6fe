// Longer than most files: one method for each of the contract, most of them a line of delegation.
import type {
  AppendOptions,
  AppendResult,
  CountedField,
  Session,
  SessionChange,
  SessionEntry,
  SessionError,
  SessionFilter,
  SessionHead,
  SessionId,
  SessionMetadata,
  StoreCapabilities,
  StoredSession,
  WriteOptions,
} from "@thulp-sessions/core";
import {
  BaseStore,
  checkLabel,
  type EntriesRequest,
  type EntryRows,
  type HeadRows,
  type LabelledStore,
  type ListRequest,
  type PlacedHit,
  type Rows,
  type SearchRequest,
} from "@thulp-sessions/core/store";
import { ChangePoller } from "./changes/change-poller.ts";
import type { Database } from "./connection/database.ts";
import { sessionErrorOf } from "./connection/postgres-errors.ts";
import { BackgroundMaintenance } from "./maintenance/background-maintenance.ts";
import { SessionCounts } from "./query/session-counts.ts";
import { SessionList } from "./query/session-list.ts";
import { SessionReads } from "./query/session-reads.ts";
import { SessionSearch } from "./search/session-search.ts";
import { Label } from "./tables/label.ts";
import { SessionWrites } from "./write/session-writes.ts";
import type { ChangeKind, Write } from "./write/write.ts";
import { WriteLane } from "./write/write-lane.ts";

/** What a store of this kind leaves open for tests and measurements. */
export interface StoreTuning {
  /** False: every commit locks and reads first. */
  readonly optimistic: boolean;
}

/** Sessions in a PostgreSQL database. Opened by {@link openPostgresStore}. */
export class PostgresStore extends BaseStore implements LabelledStore {
  override readonly kind = "postgres";
  override readonly location: string;
  override readonly capabilities: StoreCapabilities;
  readonly #database: Database;
  readonly #reads: SessionReads;
  readonly #list: SessionList;
  readonly #counts: SessionCounts;
  readonly #search: SessionSearch;
  readonly #writes: SessionWrites;
  readonly #maintenance: BackgroundMaintenance;
  readonly #lanes: readonly WriteLane[];
  readonly #poller: ChangePoller;
  readonly #label: Label;
  readonly #warned = new Set<string>();
  protected override readonly notSearchableReason =
    "its URL says search=off. Take that out, or ask a program that was started without it: it finds what was left out of the index, too";

  /** @internal */
  constructor(database: Database, { optimistic, readOnly }: StoreTuning & { readonly readOnly: boolean }) {
    super();
    const { search } = database.settings;
    this.capabilities = {
      ...{ persistent: true, shared: true, exactNumbers: false, writable: !readOnly },
      ...(!search && { searchable: false }),
    };
    this.location = database.location;
    this.#database = database;
    this.#label = new Label(database);
    this.#reads = new SessionReads(database);
    this.#list = new SessionList(database, this.#onDamaged);
    this.#counts = new SessionCounts(database);
    this.#maintenance = new BackgroundMaintenance(database, (error) =>
      this.#warn("The indices could not be brought up to date; lists and searches take longer.", error),
    );
    this.#search = new SessionSearch({
      database,
      list: this.#list,
      reads: this.#reads,
      onDamaged: this.#onDamaged,
      // What is not indexed yet is read then, which takes longer.
      index: async () => (readOnly ? undefined : this.#maintenance.flush()),
      onLeftOut: () => (readOnly ? undefined : this.#maintenance.catchUpSoon()),
    });
    this.#writes = new SessionWrites(database.schema, search);
    this.#poller = new ChangePoller(database, {
      changed: (type, id) => this.changes.emit(type, id),
      missed: () => this.changes.reset(),
      failed: (error) => this.#warn("Changes by other programs cannot be seen at the moment.", error),
    });
    this.#lanes = Array.from(
      { length: database.settings.lanes },
      () =>
        new WriteLane(database, {
          optimistic,
          onSend: (token) => this.#poller.skip(token),
          onCommit: (changes) => this.#onCommit(changes),
          onUnknown: () => this.changes.reset(),
        }),
    );
  }

  protected override doCreate(session: Session): Promise<SessionHead> {
    return this.#write(this.#writes.create(session));
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    return this.#reads.get(id);
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    return this.#reads.head(id);
  }

  protected override doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#write(this.#writes.update(id, change, options));
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    const { keep, setContext, removeContext } = options;
    const onlyAdds = (keep ?? setContext ?? removeContext) === undefined;
    return this.#write(
      onlyAdds
        ? this.#writes.append(id, entries, options)
        : this.#writes.appendAndChange(id, entries, options),
    );
  }

  protected override doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
    return this.#reads.entries(id, request);
  }

  protected override doTruncate(id: SessionId, count: number, options: WriteOptions): Promise<SessionHead> {
    return this.#write(this.#writes.truncate(id, count, options));
  }

  protected override doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    return this.#write(this.#writes.replace(session, expectedVersion));
  }

  protected override doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    return this.#write(this.#writes.delete(id, expectedVersion));
  }

  protected override doList(request: ListRequest): Promise<Rows<SessionMetadata>> {
    return this.#list.page(request);
  }

  protected override doListHeads(request: ListRequest): Promise<HeadRows> {
    return this.#list.headPage(request);
  }

  protected override doCount(filter: SessionFilter): Promise<number> {
    return this.#counts.all(filter);
  }

  protected override doCountValues(filter: SessionFilter, by: CountedField, prefix: string) {
    return this.#counts.values(filter, by, prefix);
  }

  protected override doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
    return this.#search.page(request);
  }

  protected override doWatchStart(): Promise<void> {
    return this.#poller.start();
  }

  protected override doWatchStop(): void {
    void this.#poller.stop();
  }

  readLabel(): Promise<string | null> {
    return this.run(() => this.#label.read());
  }

  claimLabel(label: string): Promise<string> {
    return this.run(() => {
      const checked = checkLabel(label);
      this.refuseReadOnly();
      return this.#label.claim(checked);
    });
  }

  protected override async doClose(): Promise<void> {
    try {
      await Promise.all([this.#poller.stop(), this.#maintenance.stop()]);
      await Promise.all(this.#lanes.map((lane) => lane.close()));
      await this.#database.close();
    } catch (error) {
      throw sessionErrorOf(error, this.location);
    }
  }

  /** Each session has its lane, so that its calls stay in their order. */
  #write<T>(write: Write<T>): Promise<T> {
    const { length } = this.#lanes;
    const number = length === 1 ? 0 : Number.parseInt(write.id.slice(-8), 16) % length;
    return (this.#lanes[number] as WriteLane).run(write);
  }

  #onCommit(changes: ReadonlyMap<SessionId, ChangeKind>): void {
    if (changes.size === 0) return;
    this.#maintenance.onCommit(changes.keys());
    for (const [id, kind] of changes) this.changes.emit(kind, id);
  }

  readonly #onDamaged = ({ code, message, details: { sessionId } }: SessionError): void => {
    if (sessionId === undefined || this.#warned.has(sessionId)) return;
    this.#warned.add(sessionId);
    this.warnings.emit({ code, message, sessionId });
  };

  #warn(problem: string, error: unknown): void {
    const { code, message } = sessionErrorOf(error, this.location);
    this.warnings.emit({ code, message: `${problem} ${message}` });
  }
}
