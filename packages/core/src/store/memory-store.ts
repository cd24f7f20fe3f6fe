import { countEntries, type EntryCounts } from "../model/counts.ts";
import { alreadyExists, notFound, versionConflict } from "../model/errors.ts";
import { headOf } from "../model/head.ts";
import type { EntryId, SessionId } from "../model/ids.ts";
import { deepFreeze, type JsonObject } from "../model/json.ts";
import type {
  Session,
  SessionEntry,
  SessionHead,
  SessionMetadata,
  StoredEntry,
  StoredSession,
} from "../model/model.ts";
import { appendResult, planAppend } from "../rules/append-plan.ts";
import { changedContext, changedMetadata, checkTruncate, nextUpdatedAt } from "../rules/change-plan.ts";
import { type CountedField, countValues } from "../rules/count-values.ts";
import { epochAfterDrop, firstEpoch } from "../rules/epoch.ts";
import { filterMatcher, type SessionFilter } from "../rules/filter.ts";
import { byNewest } from "../rules/order.ts";
import type { AppendOptions, AppendResult, SessionChange, WriteOptions } from "../rules/writes.ts";
import { BaseStore } from "./base-store.ts";
import { entryRows } from "./entry-rows.ts";
import { checkLabel, type LabelledStore } from "./labelled-store.ts";
import type { EntriesRequest, EntryRows, ListRequest, PlacedHit, Rows, SearchRequest } from "./requests.ts";
import { scanSearch } from "./scan-search.ts";
import type { StoreCapabilities } from "./session-store.ts";

/** One session. Only `entries` and `byId` are changed in place; everything else is frozen and replaced. */
interface SessionRecord {
  metadata: SessionMetadata;
  context: JsonObject;
  entries: StoredEntry[];
  byId: Map<EntryId, StoredEntry[]>;
  counts: EntryCounts;
  version: string;
  epoch: string;
}

/**
 * Sessions in memory, gone when the process ends. It is the model of every other store: what the contract
 * leaves open, this one decides.
 */
export class MemoryStore extends BaseStore implements LabelledStore {
  override readonly kind = "memory";
  override readonly location = "memory:";
  override readonly capabilities: StoreCapabilities;
  readonly #sessions = new Map<SessionId, SessionRecord>();
  #lastVersion = 0;
  #label: string | null = null;

  /** @param options.readOnly it stays empty, and every call that writes is refused. */
  constructor({ readOnly = false }: { readonly readOnly?: boolean | undefined } = {}) {
    super();
    this.capabilities = { persistent: false, shared: false, exactNumbers: false, writable: !readOnly };
  }

  protected override async doCreate(session: Session): Promise<SessionHead> {
    const { id } = session.metadata;
    if (this.#sessions.has(id)) throw alreadyExists(id);
    return this.#put(session, "created");
  }

  protected override async doGet(id: SessionId): Promise<StoredSession> {
    const { metadata, entries, context, version, epoch } = this.#find(id);
    return { metadata, entries: [...entries], context, version, epoch };
  }

  protected override async doHead(id: SessionId): Promise<SessionHead> {
    return headOfRecord(this.#find(id));
  }

  protected override async doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead> {
    const record = this.#find(id, options.expectedVersion);
    const metadata = changedMetadata(record.metadata, change, options.at);
    return this.#changed(record, { metadata, context: changedContext(record.context, change) });
  }

  protected override async doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    const record = this.#find(id);
    const { metadata, counts, version, epoch, byId } = record;
    const plan = planAppend(
      id,
      {
        metadata,
        counts,
        version,
        epoch,
        findEntries: (entryId) => byId.get(entryId) ?? [],
        tail: {
          entries: (from, limit) => record.entries.slice(from, from + limit),
          countsBefore: (seq) => countEntries(record.entries.slice(0, seq)),
        },
      },
      entries,
      options,
    );
    if (!plan.isRepeat) {
      // Before anything is changed: it may be refused.
      const context = changedContext(record.context, plan.context);
      if (plan.dropsSome) this.#dropEntries(record, plan.kept);
      for (const entry of plan.fresh) addEntry(record, entry);
      const { status, updatedAt } = plan;
      this.#changed(record, { metadata: { ...metadata, status, updatedAt }, counts: plan.counts, context });
    }
    return appendResult(plan, record);
  }

  protected override async doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
    const { entries, epoch } = this.#find(id);
    return entryRows(entries, epoch, request);
  }

  protected override async doTruncate(
    id: SessionId,
    entryCount: number,
    options: WriteOptions,
  ): Promise<SessionHead> {
    const record = this.#find(id, options.expectedVersion);
    checkTruncate(id, record.entries.length, entryCount);
    if (entryCount === record.entries.length) return headOfRecord(record);
    const metadata = { ...record.metadata, updatedAt: nextUpdatedAt(record.metadata, options.at) };
    this.#dropEntries(record, entryCount);
    return this.#changed(record, { metadata, counts: countEntries(record.entries) });
  }

  protected override async doReplace(
    session: Session,
    expectedVersion: string | undefined,
  ): Promise<SessionHead> {
    const record = this.#find(session.metadata.id, expectedVersion);
    const updatedAt = nextUpdatedAt(record.metadata, session.metadata.updatedAt);
    return this.#put({ ...session, metadata: { ...session.metadata, updatedAt } }, "changed");
  }

  protected override async doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    if (!this.#sessions.has(id)) return false;
    this.#find(id, expectedVersion);
    this.#sessions.delete(id);
    this.changes.emit("deleted", id);
    return true;
  }

  protected override async doList(request: ListRequest): Promise<Rows<SessionMetadata>> {
    const { filter, orderBy, direction, limit, after } = request;
    const sign = direction === "asc" ? 1 : -1;
    const compare = (a: { time: number; id: string }, b: { time: number; id: string }) =>
      sign * (a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    const place = (metadata: SessionMetadata) => ({ time: metadata[orderBy], id: metadata.id });
    const rows = this.#matching(filter)
      .filter((metadata) => after === null || compare(place(metadata), after) > 0)
      .sort((a, b) => compare(place(a), place(b)));
    return { items: rows.slice(0, limit), hasMore: rows.length > limit };
  }

  protected override async doCount(filter: SessionFilter): Promise<number> {
    return this.#matching(filter).length;
  }

  protected override async doCountValues(filter: SessionFilter, by: CountedField, prefix: string) {
    return countValues(this.#matching(filter), by, prefix);
  }

  protected override async doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
    const newestFirst = this.#matching({}).sort(byNewest);
    return scanSearch(newestFirst, ({ id }) => this.#sessions.get(id)?.entries.slice() ?? [], request);
  }

  protected override async doClose(): Promise<void> {
    this.#sessions.clear();
  }

  readLabel(): Promise<string | null> {
    return this.run(async () => this.#label);
  }

  claimLabel(label: string): Promise<string> {
    return this.run(async () => {
      const checked = checkLabel(label);
      this.refuseReadOnly();
      this.#label ??= checked;
      return this.#label;
    });
  }

  #matching(filter: SessionFilter): SessionMetadata[] {
    return [...this.#sessions.values()].map(({ metadata }) => metadata).filter(filterMatcher(filter));
  }

  #find(id: SessionId, expectedVersion?: string): SessionRecord {
    const record = this.#sessions.get(id);
    if (!record) throw notFound(id);
    if (expectedVersion !== undefined && expectedVersion !== record.version)
      throw versionConflict(id, record.version);
    return record;
  }

  #put(session: Session, type: "created" | "changed"): SessionHead {
    const { id } = session.metadata;
    const { entries, byId } = indexEntries(session.entries.map((entry, seq) => ({ ...entry, seq })));
    const record: SessionRecord = {
      metadata: deepFreeze(session.metadata),
      context: deepFreeze(session.context),
      entries,
      byId,
      counts: countEntries(entries),
      version: this.#nextVersion(),
      epoch: firstEpoch(this.#lastVersion),
    };
    this.#sessions.set(id, record);
    this.changes.emit(type, id);
    return headOfRecord(record);
  }

  /** To be followed by `#changed`. */
  #dropEntries(record: SessionRecord, kept: number): void {
    const epoch = epochAfterDrop(record.epoch, kept, this.#lastVersion + 1);
    Object.assign(record, indexEntries(record.entries.slice(0, kept)), { epoch });
  }

  #changed(record: SessionRecord, change: Partial<SessionRecord>): SessionHead {
    Object.assign(record, change, { version: this.#nextVersion() });
    deepFreeze(record.metadata);
    deepFreeze(record.context);
    this.changes.emit("changed", record.metadata.id);
    return headOfRecord(record);
  }

  #nextVersion(): string {
    return String(++this.#lastVersion);
  }
}

function indexEntries(entries: readonly StoredEntry[]): Pick<SessionRecord, "entries" | "byId"> {
  const index: Pick<SessionRecord, "entries" | "byId"> = { entries: [], byId: new Map() };
  for (const entry of entries) addEntry(index, entry);
  return index;
}

function addEntry({ entries, byId }: Pick<SessionRecord, "entries" | "byId">, entry: StoredEntry): void {
  entries.push(deepFreeze(entry));
  const same = byId.get(entry.id);
  if (same) same.push(entry);
  else byId.set(entry.id, [entry]);
}

function headOfRecord(record: SessionRecord): SessionHead {
  return headOf(record.metadata, record.context, record.counts, record);
}
