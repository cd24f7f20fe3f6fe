import { resolve } from "node:path";
import {
  type AppendOptions,
  type AppendResult,
  matchesFilter,
  type Session,
  type SessionChange,
  type SessionEntry,
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
  byNewest,
  changedContext,
  changedMetadata,
  checkTruncate,
  countEntries,
  type EntriesRequest,
  type EntryRows,
  entryRows,
  epochAfterDrop,
  firstEpoch,
  headOf,
  type ListRequest,
  nextUpdatedAt,
  notFound,
  type PlacedHit,
  planAppend,
  type Rows,
  type SearchRequest,
  scanSearch,
  versionConflict,
} from "@thulp-sessions/core/store";
import { type Blob, changeBlob, readBlob, type SessionRecord } from "./blob-file.ts";

/** How often a watched file is looked at for changes of other processes, in milliseconds. */
const LOOK_MS = 100;

export interface BlobStoreOptions {
  file: string;
  /** Every call that writes is refused. */
  readOnly?: boolean;
}

/** Opens the sessions that are record as JSON in one file. It is made with the first session. */
export async function openBlobStore({ file, readOnly = false }: BlobStoreOptions): Promise<BlobStore> {
  const store = new BlobStore(resolve(file), readOnly);
  await store.list({ limit: 1 });
  return store;
}

class BlobStore extends BaseStore {
  override readonly kind = "blob";
  override readonly location: string;
  override readonly capabilities: StoreCapabilities;
  readonly #file: string;
  #last: Promise<unknown> = Promise.resolve();
  #seen = -1;
  #looking: NodeJS.Timeout | undefined;

  constructor(file: string, readOnly: boolean) {
    super();
    this.#file = file;
    this.location = `blob:${file}`;
    // What writes is refused by `CheckedStore` where this says so.
    this.capabilities = { persistent: true, shared: true, exactNumbers: false, writable: !readOnly };
  }

  // Writing: each call is one step on the whole file.

  protected override doCreate(session: Session): Promise<SessionHead> {
    return this.#change("created", session.metadata.id, (blob) => {
      if (blob.sessions[session.metadata.id]) throw alreadyExists(session.metadata.id);
      return headOfRecord(put(blob, session));
    });
  }

  protected override doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#change("changed", id, (blob) => {
      const record = find(blob, id, options.expectedVersion);
      const metadata = changedMetadata(record.metadata, change, options.at);
      const changed = { ...record, metadata, context: changedContext(record.context, change) };
      return headOfRecord(put(blob, changed, record.epoch));
    });
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    return this.#change("changed", id, (blob) => {
      const record = find(blob, id);
      const stored = storedEntries(record);
      const target = {
        metadata: record.metadata,
        counts: countEntries(stored),
        version: record.version,
        epoch: record.epoch,
        findEntries: (entryId: string) => stored.filter((entry) => entry.id === entryId),
        tail: {
          entries: (from: number, limit: number) => stored.slice(from, from + limit),
          countsBefore: (seq: number) => countEntries(stored.slice(0, seq)),
        },
      };
      // Repeats, conflicts, limits: core decides, the store writes what it says.
      const plan = planAppend(id, target, entries, options);
      if (plan.isRepeat) return appendResult(plan, record);
      const { status, updatedAt } = plan;
      const changed = {
        metadata: { ...record.metadata, status, updatedAt },
        context: changedContext(record.context, plan.context),
        entries: [...record.entries.slice(0, plan.kept), ...plan.fresh.map(({ seq: _, ...entry }) => entry)],
      };
      const epoch = plan.dropsSome ? epochAfterDrop(record.epoch, plan.kept, blob.changes + 1) : record.epoch;
      return appendResult(plan, put(blob, changed, epoch));
    });
  }

  protected override doTruncate(
    id: SessionId,
    entryCount: number,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#change("changed", id, (blob) => {
      const record = find(blob, id, options.expectedVersion);
      checkTruncate(id, record.entries.length, entryCount);
      if (entryCount === record.entries.length) return headOfRecord(record);
      const metadata = { ...record.metadata, updatedAt: nextUpdatedAt(record.metadata, options.at) };
      const changed = { ...record, metadata, entries: record.entries.slice(0, entryCount) };
      return headOfRecord(put(blob, changed, epochAfterDrop(record.epoch, entryCount, blob.changes + 1)));
    });
  }

  protected override doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    const { id } = session.metadata;
    return this.#change("changed", id, (blob) => {
      const record = find(blob, id, expectedVersion);
      const updatedAt = nextUpdatedAt(record.metadata, session.metadata.updatedAt);
      return headOfRecord(put(blob, { ...session, metadata: { ...session.metadata, updatedAt } }));
    });
  }

  protected override doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    return this.#change("deleted", id, (blob) => {
      if (!blob.sessions[id]) return false;
      find(blob, id, expectedVersion);
      delete blob.sessions[id];
      blob.changes++;
      return true;
    });
  }

  // Reading: what the file holds at that moment.

  protected override async doGet(id: SessionId): Promise<StoredSession> {
    const record = find(await readBlob(this.#file), id);
    const { metadata, context, version, epoch } = record;
    return { metadata, entries: storedEntries(record), context, version, epoch };
  }

  protected override async doHead(id: SessionId): Promise<SessionHead> {
    return headOfRecord(find(await readBlob(this.#file), id));
  }

  protected override async doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
    const record = find(await readBlob(this.#file), id);
    return entryRows(storedEntries(record), record.epoch, request);
  }

  protected override async doList(request: ListRequest): Promise<Rows<SessionMetadata>> {
    const { filter, orderBy, direction, limit, after } = request;
    const sign = direction === "asc" ? 1 : -1;
    const compare = (a: SessionMetadata, time: number, id: string) =>
      sign * (a[orderBy] - time || (a.id < id ? -1 : a.id > id ? 1 : 0));
    const rows = (await this.#matching(filter))
      .filter((each) => after === null || compare(each, after.time, after.id) > 0)
      .sort((a, b) => compare(a, b[orderBy], b.id));
    return firstOf(rows, limit);
  }

  protected override async doCount(filter: SessionFilter): Promise<number> {
    return (await this.#matching(filter)).length;
  }

  protected override async doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
    const { sessions } = await readBlob(this.#file);
    const newestFirst = Object.values(sessions)
      .map(({ metadata }) => metadata)
      .sort(byNewest);
    return scanSearch(newestFirst, ({ id }) => storedEntries(sessions[id] as SessionRecord), request);
  }

  // Watching: own changes are told as they are made; a change that others have made says "look at everything
  // again".

  protected override async doWatchStart(): Promise<void> {
    await this.#inTurn(async () => {
      this.#seen = (await readBlob(this.#file)).changes;
    });
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  protected override doWatchStop(): void {
    clearInterval(this.#looking);
  }

  protected override async doClose(): Promise<void> {
    await this.#last;
  }

  #look(): void {
    // In the queue, so that no change of this handle is taken for one of another.
    this.#inTurn(async () => this.#notice(await readBlob(this.#file))).catch((error) =>
      this.warnings.emit({ code: "io", message: `${this.location} cannot be watched: ${error.message}` }),
    );
  }

  #notice({ changes }: Blob): void {
    if (changes !== this.#seen) this.changes.reset();
    this.#seen = changes;
  }

  #change<T>(type: "created" | "changed" | "deleted", id: SessionId, step: (blob: Blob) => T): Promise<T> {
    return this.#inTurn(async () => {
      let changed = false;
      const answer = await changeBlob(this.#file, (blob) => {
        if (this.changes.active) this.#notice(blob);
        const before = blob.changes;
        const result = step(blob);
        changed = blob.changes !== before;
        return result;
      });
      if (changed) {
        this.#seen++;
        this.changes.emit(type, id);
      }
      return answer;
    });
  }

  /** One after the other: the calls of this handle need not fight for the lock. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #matching(filter: SessionFilter): Promise<SessionMetadata[]> {
    return Object.values((await readBlob(this.#file)).sessions)
      .map(({ metadata }) => metadata)
      .filter((metadata) => matchesFilter(filter, metadata));
  }
}

export type { BlobStore };

function find(blob: Blob, id: SessionId, expectedVersion?: string): SessionRecord {
  const record = blob.sessions[id];
  if (!record) throw notFound(id);
  if (expectedVersion !== undefined && expectedVersion !== record.version)
    throw versionConflict(id, record.version);
  return record;
}

/** @param epoch absent: nothing is what it was before. */
function put(blob: Blob, { metadata, entries, context }: Session, epoch?: string): SessionRecord {
  blob.changes++;
  const version = `${blob.changes}`;
  const record = { metadata, entries, context, version, epoch: epoch ?? firstEpoch(blob.changes) };
  blob.sessions[metadata.id] = record;
  return record;
}

function storedEntries({ entries }: Session): StoredEntry[] {
  return entries.map((entry, seq) => ({ ...entry, seq }));
}

function headOfRecord(record: SessionRecord): SessionHead {
  return headOf(record.metadata, record.context, countEntries(record.entries), record);
}

function firstOf<T>(rows: readonly T[], limit: number): Rows<T> {
  return { items: rows.slice(0, limit), hasMore: rows.length > limit };
}
