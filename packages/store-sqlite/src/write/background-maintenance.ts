import { isSessionError } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";
import { noRoom } from "../connection/disk-room.ts";
import { clearTimeout, setTimeout, yieldToEventLoop } from "../connection/real-time.ts";
import type { IndexProgress, SearchIndex } from "../search/search-index.ts";
import type { DeferredTimeIndex } from "../tables/deferred-time-index.ts";
import type { Commit, GroupCommit } from "./group-commit.ts";

/** How long after the last write the deferred work is done, in milliseconds. */
const IDLE_MS = 500;
/**
 * Beyond this number of rows indexing is deferred no longer: a search has to wait for it, some 10 us a row.
 */
const MAX_ROWS_TO_INDEX = 20_000;
/**
 * How many steps of merging the index follow one that adds to it: they write several times what it does,
 * since a page is merged again at each level. Where merging falls behind, FTS5 does all of it in one commit.
 */
const MAX_MERGES = 8;
/** A search that has found long entries so often, written while it was indexing, indexes them in one go. */
const MAX_ROUNDS = 8;
/** Beyond this number of pending sessions a list would read too many that no index orders. */
const MAX_PENDING_SESSIONS = 256;

interface Parts {
  readonly database: Database;
  readonly searchIndex: SearchIndex;
  readonly timeIndex: DeferredTimeIndex;
  readonly commits: GroupCommit;
  /** Leaves `search_index` to the next search. */
  readonly indexLater: boolean;
  /** Called with the reason why deferred work failed while nobody waits for it. */
  readonly onError: (error: unknown) => void;
}

/**
 * Does what appends defer: it brings `search_index` up to date and flushes the deferred time index. It does
 * so when nothing was written for a while, when too much has piled up, and the former when a search needs it.
 */
export class BackgroundMaintenance {
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | undefined;
  // Upper bounds, since another process may have done it. Read from the file at the first commit only: a
  // process that only reads, or ends soon, does not need them.
  #rowsToIndex: number | undefined;
  #pendingSessions = 0;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** To be called after each commit. */
  onCommit({ rowsToIndex, newlyPending }: Pick<Commit, "rowsToIndex" | "newlyPending">): void {
    if (this.#isStopped) return;
    if (this.#rowsToIndex === undefined) {
      if (!this.#readDeferred()) return;
    } else {
      this.#rowsToIndex += rowsToIndex;
      this.#pendingSessions += newlyPending;
    }
    const rows = this.#parts.indexLater ? 0 : (this.#rowsToIndex ?? 0);
    if (rows + this.#pendingSessions === 0) return;
    const isIndexDue = rows > MAX_ROWS_TO_INDEX;
    if (isIndexDue || this.#pendingSessions > MAX_PENDING_SESSIONS) this.#start(isIndexDue);
    else if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#start(true), IDLE_MS).unref();
  }

  /**
   * Brings `search_index` up to date, and returns what `read` finds then. Nothing is written between the two,
   * so `read` misses no row that is taken out of the index only to be added again.
   *
   * @throws {SessionError} busy, corrupt, io
   */
  async withCurrentIndex<T>(read: () => T): Promise<T> {
    const { database, searchIndex, commits } = this.#parts;
    for (let round = 1; ; round++) {
      const target = await database.read(() => searchIndex.target());
      do this.#refuseOnShortDisk();
      while (!(await this.#indexStep(target)));
      const found = await commits.maintain(() => {
        if (!this.#catchUp(round >= MAX_ROUNDS)) return undefined;
        this.#rowsToIndex = 0;
        return { value: read() };
      });
      if (found) return found.value;
    }
  }

  /** Indexes what was written during the steps before, within a transaction. False where that takes long. */
  #catchUp(inOneGo: boolean): boolean {
    const { searchIndex } = this.#parts;
    for (;;) {
      const step = searchIndex.step(searchIndex.target(), inOneGo);
      if (step === "done") return true;
      if (step === "long" && !inOneGo) return false;
    }
  }

  /** The index grows, and what is left of the disk is for deletions. @throws {SessionError} io */
  #refuseOnShortDisk(): void {
    const { database } = this.#parts;
    database.lookAtDisk();
    if (database.isDiskShort) throw noRoom(database.file);
  }

  /** To be called when the index was rebuilt: everything waits to be indexed. */
  indexRemade(): void {
    this.#rowsToIndex = undefined;
  }

  /** Resolves when no deferred work is running any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** False where the file cannot be read now: the next commit tries again. */
  #readDeferred(): boolean {
    try {
      this.#pendingSessions = this.#parts.timeIndex.count();
      this.#rowsToIndex = this.#parts.searchIndex.countWaiting();
      return true;
    } catch {
      return false;
    }
  }

  #start(withSearchIndex: boolean): void {
    if (this.#running || this.#isStopped) return;
    this.#running = this.#run(withSearchIndex).finally(() => {
      this.#running = undefined;
    });
  }

  async #run(withSearchIndex: boolean): Promise<void> {
    const indexesRows = withSearchIndex && !this.#parts.indexLater;
    try {
      // Begun together, they share a transaction.
      await Promise.all([this.#flushTimeIndex(), indexesRows ? this.#indexRows() : undefined]);
    } catch (error) {
      // The process that holds the lock does the same work, or the next search does.
      if (!isSessionError(error, "busy")) this.#parts.onError(error);
    }
  }

  async #flushTimeIndex(): Promise<void> {
    if (this.#pendingSessions === 0) return;
    const before = this.#pendingSessions;
    await this.#parts.commits.maintain(() => this.#parts.timeIndex.flush());
    this.#pendingSessions -= before;
  }

  async #indexRows(): Promise<void> {
    const { database, searchIndex } = this.#parts;
    const target = searchIndex.target();
    const before = this.#rowsToIndex ?? 0;
    do {
      // Searches go on without it.
      if (this.#isStopped || database.isDiskShort) return;
    } while (!(await this.#indexStep(target)));
    this.#rowsToIndex = Math.max(0, (this.#rowsToIndex ?? 0) - before);
  }

  /** True when the rows up to `target` are indexed. */
  async #indexStep(target: IndexProgress): Promise<boolean> {
    const { searchIndex } = this.#parts;
    await searchIndex.prepare();
    const step = await this.#commit(() => searchIndex.step(target, false));
    // As a rule the last has added little: a search that waits for it should not wait for all merges.
    let merges = step === "done" ? 1 : MAX_MERGES;
    while (merges-- > 0 && !(await this.#commit(() => searchIndex.merges.step())));
    return step === "done";
  }

  async #commit<T>(work: () => T): Promise<T> {
    const { database, commits } = this.#parts;
    const done = await commits.maintain(work);
    // In a turn of its own.
    await yieldToEventLoop();
    database.checkpointEarly();
    return done;
  }
}
