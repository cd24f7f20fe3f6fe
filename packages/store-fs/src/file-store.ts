import { setImmediate } from "node:timers/promises";
import {
  type AppendOptions,
  type AppendResult,
  isSessionError,
  matchesFilter,
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
  BaseStore,
  changedContext,
  changedMetadata,
  checkTruncate,
  type EntriesRequest,
  type ListRequest,
  nextUpdatedAt,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  scanSearch,
  Yielder,
} from "@thulp-sessions/core/store";
import type { FolderNames } from "./disk/directory-names.ts";
import { changedMeanwhile } from "./disk/io-error.ts";
import type { Durability } from "./disk/write-file.ts";
import { Damage } from "./format/format-error.ts";
import { SessionList } from "./list/session-list.ts";
import type { LockFolder } from "./lock/session-lock.ts";
import { FileGlance } from "./search/search-prefilter.ts";
import { FileReplaced, readAllEntries, withEntries } from "./session/entry-reader.ts";
import { isSameFile, passOn } from "./session/raw-copy.ts";
import { SessionFiles } from "./session/session-cache.ts";
import { damageError, headOf, type SessionState, storedEntry, versionOf } from "./session/session-state.ts";
import { SessionWriter } from "./session/session-writer.ts";
import { FolderWatch } from "./watch/folder-watch.ts";

/** How often a read begins anew because the file was replaced under it. */
const READ_TRIES = 10;

/** Sessions as JSON files in the layout of the Rust crate thulp-workspace. Made by `openFileStore`. */
export class FileStore extends BaseStore {
  override readonly location: string;
  override readonly capabilities: StoreCapabilities = { persistent: true, shared: true, exactNumbers: true };
  readonly #files: SessionFiles;
  readonly #list: SessionList;
  readonly #locks: LockFolder;
  readonly #glance = new FileGlance();
  readonly #watch: FolderWatch;
  readonly #writer: SessionWriter;

  /** @internal The folder has to exist. */
  constructor(folder: string, names: FolderNames, durability: Durability, locks: LockFolder) {
    super();
    this.location = `fs:${folder}`;
    this.#files = new SessionFiles(folder);
    this.#list = new SessionList(folder, names, this.warnings);
    this.#locks = locks;
    this.#watch = new FolderWatch(folder, this.changes);
    this.#writer = new SessionWriter(
      this.#files,
      this.#locks,
      durability,
      this.warnings,
      (type, id, stamp) => {
        this.#watch.note(id, stamp);
        this.changes.emit(type, id);
      },
    );
  }

  protected override doCreate(session: Session): Promise<SessionHead> {
    return this.#writer.create(session);
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    return this.#reading(id, () => {
      const state = this.#files.state(id);
      if (state.damage) throw damageError(state.path, id, state.damage);
      return {
        metadata: state.metadata,
        entries: readAllEntries(state),
        context: state.context,
        version: versionOf(state),
        ...(state.contextInexact ? { inexact: true } : {}),
      };
    });
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    return this.#reading(id, () => headOf(this.#files.state(id)));
  }

  protected override doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#writer.change(id, options.expectedVersion, ({ metadata, context, counts }) => ({
      metadata: changedMetadata(metadata, change, options.at),
      context: changedContext(context, change),
      keep: counts.entryCount,
      add: [],
    }));
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    return this.#writer.append(id, entries, options);
  }

  protected override doReadEntries(id: SessionId, request: EntriesRequest): Promise<Rows<StoredEntry>> {
    return this.#reading(id, () => readPage(this.#files.state(id), request));
  }

  /**
   * Brings a session to another folder in the very bytes in which it stands here, numbers that JavaScript can only round
   * included, and compares what arrived. However large it is, it is never in memory as a whole.
   *
   * @param expectedVersion of the session there whose place it takes; absent where there is none.
   * @throws {SessionError} not_found; already_exists, conflict; conflict also when somebody writes to it meanwhile.
   */
  passOn(id: SessionId, to: FileStore, expectedVersion?: string): Promise<void> {
    return this.run(() =>
      passOn(this.#placeOf(id), to.#placeOf(id), (fill) => to.#writer.put(id, fill, expectedVersion)),
    );
  }

  /** Does a session stand in the same bytes in another folder? @throws {SessionError} not_found; conflict as `passOn`. */
  isSameIn(other: FileStore, id: SessionId): Promise<boolean> {
    return this.run(() => isSameFile(this.#placeOf(id), other.#placeOf(id)));
  }

  #placeOf(id: SessionId) {
    return { id, path: this.#files.pathOf(id) };
  }

  protected override doTruncate(
    id: SessionId,
    entryCount: number,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#writer.change(id, options.expectedVersion, ({ metadata, context, counts }) => {
      checkTruncate(id, counts.entryCount, entryCount);
      if (entryCount === counts.entryCount) return null;
      const updatedAt = nextUpdatedAt(metadata, options.at);
      return { metadata: { ...metadata, updatedAt }, context, keep: entryCount, add: [] };
    });
  }

  protected override doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    return this.#writer.replace(session, expectedVersion);
  }

  protected override doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    return this.#writer.delete(id, expectedVersion);
  }

  protected override async doList(request: ListRequest): Promise<Rows<SessionMetadata>> {
    const { filter, orderBy, direction, limit, after } = request;
    const sign = direction === "asc" ? 1 : -1;
    const compare = (metadata: SessionMetadata, time: number, id: string) =>
      sign * (metadata[orderBy] - time || (metadata.id < id ? -1 : metadata.id > id ? 1 : 0));
    const sessions = await this.#list.all();
    // In the order of the names, as most systems list a folder, the ids of the newest come last.
    const first = firstOf(direction === "asc" ? sessions : sessions.toReversed(), limit + 1, {
      compare: (a, b) => compare(a, b[orderBy], b.id),
      isWanted: (metadata) =>
        matchesFilter(filter, metadata) && (!after || compare(metadata, after.time, after.id) > 0),
    });
    return { items: first.slice(0, limit), hasMore: first.length > limit };
  }

  protected override async doCount(filter: SessionFilter): Promise<number> {
    return (await this.#list.all()).filter((metadata) => matchesFilter(filter, metadata)).length;
  }

  protected override async doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
    const newestFirst = (await this.#list.all()).sort(
      (a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1),
    );
    const yielder = new Yielder();
    return scanSearch(newestFirst, ({ id }) => this.#entriesToSearch(id, request.terms, yielder), request);
  }

  protected override async doWatchStart(): Promise<void> {
    this.#watch.start();
  }

  protected override doWatchStop(): void {
    this.#watch.stop();
  }

  protected override async doClose(): Promise<void> {
    this.#watch.stop();
    this.#list.close();
    this.#files.clear();
    this.#locks.close();
  }

  /**
   * Runs a read that is synchronous while no append of ours is under way, so that it sees the state and the file alike;
   * again when somebody else has replaced the file between the look and the read.
   */
  async #reading<T>(id: SessionId, read: () => T): Promise<T> {
    for (let tries = 1; ; tries++) {
      // No await between the last look at what is under way and the read.
      for (let under = this.#writer.appending(id); under; under = this.#writer.appending(id)) await under;
      try {
        return read();
      } catch (error) {
        // SyntaxError: of bytes that were checked before, so they are others now.
        const changed =
          error instanceof FileReplaced || error instanceof Damage || error instanceof SyntaxError;
        if (!changed) throw error;
        this.#files.forget(id);
        if (tries === READ_TRIES) throw changedMeanwhile(this.#files.pathOf(id));
        await setImmediate();
      }
    }
  }

  /** None where it is certain at a glance that nothing would be found or warned of. */
  async *#entriesToSearch(
    id: SessionId,
    terms: SearchRequest["terms"],
    yielder: Yielder,
  ): AsyncGenerator<StoredEntry> {
    await yielder.yieldIfDue();
    // While an append is under way, the file is not what it will be.
    if (this.#writer.appending(id) || !this.#glance.canPassOver(id, this.#files.pathOf(id), terms))
      yield* this.#readableEntries(id);
  }

  /** All entries, or those before the damage; what cannot be read is warned of. */
  async *#readableEntries(id: SessionId): AsyncGenerator<StoredEntry> {
    try {
      const { bytes, scan } = await this.#reading(id, () => this.#files.scan(id));
      if (scan.damage) this.#warn(damageError(this.#files.pathOf(id), id, scan.damage));
      for (const [seq, entry] of scan.entries.entries()) yield storedEntry(bytes, entry, seq);
    } catch (error) {
      if (!isSessionError(error)) throw error;
      // Deleted since the folder was read.
      if (error.code !== "not_found") this.#warn(error);
    }
  }

  #warn({ code, message, details: { sessionId, path } }: SessionError): void {
    this.warnings.emit({ code, message, ...(sessionId ? { sessionId } : {}), ...(path ? { path } : {}) });
  }
}

interface Selection<T> {
  compare(a: T, b: T): number;
  isWanted(item: T): boolean;
}

/**
 * The first `count` in the order of those that are wanted, without bringing all the others into it; the quicker, the more they
 * stand in that order.
 */
function firstOf<T>(items: readonly T[], count: number, { compare, isWanted }: Selection<T>): T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.length === count && compare(item, first[count - 1] as T) >= 0) continue;
    if (!isWanted(item)) continue;
    let [from, to] = [0, first.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (compare(first[middle] as T, item) <= 0) from = middle + 1;
      else to = middle;
    }
    first.splice(from, 0, item);
    if (first.length > count) first.pop();
  }
  return first;
}

/** Throws {@link FileReplaced}. */
function readPage(state: SessionState, request: EntriesRequest): Rows<StoredEntry> {
  const { after, before, types, direction, limit } = request;
  const { entryCount } = state.counts;
  const from = Math.max(0, after + 1);
  const to = Math.min(entryCount, before);
  // What lies behind the damage is not known: not even whether there is anything.
  const damage = before > entryCount ? state.damage : null;
  if (damage && direction === "desc") throw damageError(state.path, state.metadata.id, damage);
  const items: StoredEntry[] = [];
  const step = direction === "asc" ? 1 : -1;
  const more = withEntries(state, (reader) => {
    let left = to - from;
    for (let seq = direction === "asc" ? from : to - 1; left > 0; ) {
      const wanted = types ? left : Math.min(left, limit - items.length);
      if (wanted === 0) return true;
      const chunk = reader.chunk(seq, step, wanted);
      for (const entry of chunk) {
        if (types && !types.includes(entry.entryType.type)) continue;
        if (items.length === limit) return true;
        items.push(entry);
      }
      left -= chunk.length;
      seq += step * chunk.length;
    }
    return false;
  });
  if (more) return { items, hasMore: true };
  if (damage && items.length === 0) throw damageError(state.path, state.metadata.id, damage);
  return { items, hasMore: damage !== null };
}
