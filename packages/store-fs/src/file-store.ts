// Longer than most files: one method for each of the contract, most of them a line of delegation.
import { sep } from "node:path";
import {
  type AppendOptions,
  type AppendResult,
  type CountedField,
  isSessionError,
  type ListedHead,
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
import type { Durability } from "@thulp-sessions/core/store";
import {
  BaseStore,
  byNewest,
  changedContext,
  changedMetadata,
  checkLabel,
  countValues,
  damagedSession,
  type EntriesRequest,
  type EntryRows,
  type LabelledStore,
  type ListRequest,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  type SessionRows,
  scanSearch,
  Yielder,
} from "@thulp-sessions/core/store";
import type { DirectoryNames } from "./disk/directory-names.ts";
import type { FileClock } from "./disk/file-clock.ts";
import type { Fill } from "./disk/write-file.ts";
import { LabelFile } from "./label-file.ts";
import { HeadCache } from "./list/head-cache.ts";
import { LazySort } from "./list/lazy-sort.ts";
import { ListWalks } from "./list/list-walks.ts";
import { SessionList } from "./list/session-list.ts";
import type { SessionLocks } from "./lock/session-locks.ts";
import { copyRaw, isSameFile } from "./maintenance/raw-copy.ts";
import { SearchPrefilter } from "./search/search-prefilter.ts";
import { searchedEntries } from "./search/searched-entries.ts";
import { readAllEntries, readPage } from "./session/entry-reader.ts";
import { SessionCache } from "./session/session-cache.ts";
import { damageError, headOfState, listedHeadOf, stateNames } from "./session/session-state.ts";
import { FolderWatch } from "./watch/folder-watch.ts";

/** What `openFileStore` has prepared. */
interface OpenedFolder {
  readonly folder: string;
  readonly names: Pick<DirectoryNames, "read">;
  /** The file of a session; `{folder}/{id}.json` when absent. */
  readonly pathOf?: (id: SessionId) => string;
  readonly durability: Durability;
  readonly clock: FileClock;
  readonly locks: Pick<SessionLocks, "hold" | "close">;
  /** Why it may only be read, as a clause that ends a sentence; `null` where it is writable. */
  readonly readOnlyReason: string | null;
}

/** Sessions as JSON files in the layout of the Rust crate thulp-workspace. Made by `openFileStore`. */
export class FileStore extends BaseStore implements LabelledStore {
  override readonly kind = "fs";
  override readonly location: string;
  override readonly capabilities: StoreCapabilities;
  readonly #sessions: SessionCache;
  readonly #list: SessionList;
  readonly #walks: ListWalks;
  readonly #heads = new HeadCache();
  readonly #locks: Pick<SessionLocks, "close">;
  readonly #prefilter = new SearchPrefilter();
  readonly #watch: FolderWatch;
  readonly #label: LabelFile;

  /** For `openFileStore`, which makes the folder and takes the locks. */
  constructor({ folder, names, durability, clock, locks, readOnlyReason, ...opened }: OpenedFolder) {
    super();
    const writable = readOnlyReason === null;
    this.capabilities = { persistent: true, shared: true, exactNumbers: true, writable };
    if (readOnlyReason !== null) this.readOnlyReason = readOnlyReason;
    this.location = `fs:${folder}`;
    const pathOf = opened.pathOf ?? ((id) => `${folder}${sep}${id}.json`);
    this.#list = new SessionList({ folder, names, pathOf }, this.warnings, writable);
    this.#walks = new ListWalks(this.#list);
    this.#locks = locks;
    this.#label = new LabelFile(folder, durability, clock);
    this.#watch = new FolderWatch(folder, this.changes, writable);
    this.#sessions = new SessionCache({
      folder,
      pathOf,
      locks,
      clock,
      durability,
      warnings: this.warnings,
      yielder: new Yielder(),
      onSeen: (id) => this.#walks.onChange(id),
      onWritten: (type, id, info) => {
        this.#walks.onChange(id);
        this.#watch.note(id, info);
        this.changes.emit(type, id);
      },
    });
  }

  protected override doCreate(session: Session): Promise<SessionHead> {
    return this.#sessions.of(session.metadata.id).create(session);
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    const session = this.#sessions.of(id);
    return session.read((state) => {
      if (state.damage) throw damageError(session.path, id, state.damage);
      return {
        metadata: state.metadata,
        entries: readAllEntries(session.path, state),
        context: state.context,
        ...stateNames(state),
        ...(state.contextInexact ? { inexact: true } : {}),
      };
    });
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    const session = this.#sessions.of(id);
    return session.read((state) => headOfState(session.path, state));
  }

  protected override async doListedHead(metadata: SessionMetadata): Promise<ListedHead | null> {
    const { id } = metadata;
    const path = this.#sessions.pathOf(id);
    const kept = this.#sessions.peek(id) ? undefined : this.#heads.get(id, path);
    if (kept) return kept;
    try {
      // Head and stamp in one look: a write may come before the answer.
      return await this.#sessions.of(id).read((state) => {
        const head = listedHeadOf(path, state);
        if (!state.racy) this.#heads.put(id, state.info, head);
        return head;
      });
    } catch (error) {
      if (isSessionError(error, "not_found")) return null;
      return damagedSession(metadata, error);
    }
  }

  protected override async doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead> {
    const head = await this.#sessions.of(id).update(
      ({ metadata, context, counts, epoch }) => ({
        epoch,
        metadata: changedMetadata(metadata, change, options.at),
        context: changedContext(context, change),
        keep: counts.entryCount,
        add: [],
      }),
      options.expectedVersion,
    );
    const { name, tags, sessionType } = change;
    if ((name ?? tags ?? sessionType) !== undefined) await this.#list.dropCache();
    return head;
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    return this.#sessions.of(id).append(entries, options);
  }

  protected override doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
    const session = this.#sessions.of(id);
    return session.read((state) => readPage(session.path, state, request));
  }

  /**
   * Brings a session to another folder in the very bytes in which it stands here, numbers that JavaScript can
   * only round included, and compares what arrived. However large it is, it is never in memory as a whole.
   *
   * @param expectedVersion of the session there whose place it takes; absent where there is none.
   * @throws {SessionError} not_found; already_exists, conflict; conflict also when somebody writes to it
   * meanwhile.
   */
  copyRaw(id: SessionId, to: FileStore, expectedVersion?: string): Promise<void> {
    return this.run(async () => {
      to.refuseReadOnly();
      const put = (fill: Fill) => to.#sessions.of(id).put(fill, expectedVersion);
      await copyRaw(this.#placeOf(id), to.#placeOf(id), put);
      if (expectedVersion !== undefined) await to.#list.dropCache();
    });
  }

  /**
   * Does a session stand in the same bytes in another folder? @throws {SessionError} not_found; conflict as
   * `copyRaw`.
   */
  isSameIn(other: FileStore, id: SessionId): Promise<boolean> {
    return this.run(() => isSameFile(this.#placeOf(id), other.#placeOf(id)));
  }

  readLabel(): Promise<string | null> {
    return this.run(async () => this.#label.read());
  }

  claimLabel(label: string): Promise<string> {
    return this.run(() => {
      const checked = checkLabel(label);
      this.refuseReadOnly();
      return this.#label.claim(checked);
    });
  }

  #placeOf(id: SessionId) {
    return { id, path: this.#sessions.pathOf(id) };
  }

  protected override doTruncate(
    id: SessionId,
    entryCount: number,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#sessions.of(id).truncate(entryCount, options);
  }

  protected override async doReplace(
    session: Session,
    expectedVersion: string | undefined,
  ): Promise<SessionHead> {
    const head = await this.#sessions.of(session.metadata.id).replace(session, expectedVersion);
    await this.#list.dropCache();
    return head;
  }

  protected override async doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    const isDeleted = await this.#sessions.of(id).delete(expectedVersion);
    await this.#list.dropCache();
    return isDeleted;
  }

  protected override doList(request: ListRequest): Promise<SessionRows> {
    return this.#walks.page(request);
  }

  protected override async doCount(filter: SessionFilter): Promise<number> {
    return (await this.#list.matching(filter)).length;
  }

  protected override async doCountValues(filter: SessionFilter, by: CountedField, prefix: string) {
    return countValues(await this.#list.matching(filter), by, prefix);
  }

  protected override async doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
    const newestFirst = new LazySort(await this.#list.matching(request.filter), byNewest);
    const yielder = new Yielder();
    return scanSearch(newestFirst, ({ id }) => this.#entriesToSearch(id, request.terms, yielder), request);
  }

  protected override doWatchStart(): Promise<void> {
    return this.#watch.start();
  }

  protected override doWatchStop(): void {
    this.#watch.stop();
  }

  protected override async doClose(): Promise<void> {
    this.#watch.stop();
    this.#walks.close();
    await this.#list.close();
    this.#sessions.clear();
    this.#locks.close();
  }

  /** None where it is certain that nothing would be found or warned of. */
  async *#entriesToSearch(
    id: SessionId,
    terms: SearchRequest["terms"],
    yielder: Yielder,
  ): AsyncGenerator<StoredEntry> {
    await yielder.yieldIfDue();
    const isBeingWritten = this.#sessions.peek(id)?.isBeingWritten ?? false;
    const path = this.#sessions.pathOf(id);
    if (!isBeingWritten && (await this.#prefilter.canSkip(id, path, terms, yielder))) return;
    await yielder.yieldIfDue();
    yield* searchedEntries(this.#sessions.of(id), (error) => this.#warn(error));
  }

  #warn({ code, message, details: { sessionId, path } }: SessionError): void {
    this.warnings.emit({ code, message, ...(sessionId ? { sessionId } : {}), ...(path ? { path } : {}) });
  }
}
