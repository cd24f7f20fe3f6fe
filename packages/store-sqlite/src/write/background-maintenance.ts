import { isSessionError } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";
import { clearTimeout, setTimeout } from "../connection/real-time.ts";
import type { IndexProgress, SearchIndex } from "../search/search-index.ts";
import type { DeferredTimeIndex } from "../tables/deferred-time-index.ts";
import type { Commit, GroupCommit } from "./group-commit.ts";

/** How long after the last write the deferred work is done, in milliseconds. */
const IDLE_MS = 500;
/**
 * Beyond this number of rows indexing is deferred no longer: a search has to wait for it, some 10 us a row.
 */
const MAX_ROWS_TO_INDEX = 20_000;
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
    const target = await database.read(() => searchIndex.target());
    while (!(await this.#indexStep(target)));
    return commits.maintain(() => {
      // The rows that were written during the steps above.
      while (!searchIndex.step(searchIndex.target(), false));
      this.#rowsToIndex = 0;
      return read();
    });
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
    const target = this.#parts.searchIndex.target();
    const before = this.#rowsToIndex ?? 0;
    while (!this.#isStopped && !(await this.#indexStep(target)));
    this.#rowsToIndex = Math.max(0, (this.#rowsToIndex ?? 0) - before);
  }

  /** True when the rows up to `target` are indexed. */
  async #indexStep(target: IndexProgress): Promise<boolean> {
    const { searchIndex, commits } = this.#parts;
    await searchIndex.prepare();
    return commits.maintain(() => searchIndex.step(target, true));
  }
}
