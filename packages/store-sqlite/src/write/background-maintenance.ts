import { isSessionError } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";
import { clearTimeout, setTimeout } from "../connection/real-time.ts";
import type { SearchIndex } from "../search/search-index.ts";
import type { MovingSessions } from "./deferred-time-index.ts";
import type { Committed, WriteQueue } from "./group-commit.ts";

/** So long after the last write what was put off is done, in milliseconds. */
const IDLE_MS = 500;
/** With more rows than these waiting it is not put off any longer: a search has to wait for it, some 10 us a row. */
const MOST_ROWS_WAITING = 20_000;
/** With more sessions than these a page has to look at too many that stand in no index. */
const MOST_MOVING = 256;

/**
 * Does what appends put off: bringing `search_index` up to date and settling the sessions that move. When a search needs it,
 * when nobody has written for a while, and when it has become too much.
 */
export class Upkeep {
  readonly #database: Database;
  readonly #index: SearchIndex;
  readonly #moving: MovingSessions;
  readonly #queue: WriteQueue;
  readonly #indexLater: boolean;
  readonly #onFailed: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  // What is put off, at the most: others may have done it. Looked up at the first commit, since a process that ends at once
  // leaves it to the next.
  #rowsWaiting: number | undefined;
  #sessionsMoving = 0;
  #running: Promise<void> | undefined;
  #stopped = false;

  /**
   * @param indexLater leaves the index to the next search.
   * @param onFailed is told why it could not be done while nobody waits for it.
   */
  constructor(
    database: Database,
    index: SearchIndex,
    moving: MovingSessions,
    queue: WriteQueue,
    indexLater: boolean,
    onFailed: (error: unknown) => void,
  ) {
    this.#database = database;
    this.#index = index;
    this.#moving = moving;
    this.#queue = queue;
    this.#indexLater = indexLater;
    this.#onFailed = onFailed;
  }

  /** To be told after each commit. */
  wrote({ rowsToIndex, sessionsMoved }: Pick<Committed, "rowsToIndex" | "sessionsMoved">): void {
    if (this.#stopped) return;
    if (this.#rowsWaiting === undefined) {
      if (!this.#lookUp()) return;
    } else {
      this.#rowsWaiting += rowsToIndex;
      this.#sessionsMoving += sessionsMoved;
    }
    const waiting = this.#indexLater ? 0 : (this.#rowsWaiting ?? 0);
    if (waiting + this.#sessionsMoving === 0) return;
    const isTooMuch = waiting > MOST_ROWS_WAITING;
    if (isTooMuch || this.#sessionsMoving > MOST_MOVING) this.#start(isTooMuch);
    else if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#start(true), IDLE_MS).unref();
  }

  /**
   * Brings the index up to date and gives what `read` gives of that state: nothing is written between the two, so that nothing
   * that is taken out of the index meanwhile, to be put in again later, is missed.
   *
   * @throws {SessionError} busy, corrupt, io
   */
  async readIndexed<T>(read: () => T): Promise<T> {
    const target = await this.#database.read(() => this.#index.target());
    while (!(await this.#queue.run(undefined, () => this.#index.step(target))));
    return this.#queue.run(undefined, () => {
      // What has come since, in the meantime of a few steps.
      while (!this.#index.step(this.#index.target()));
      this.#rowsWaiting = 0;
      return read();
    });
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** False where the file cannot be read now: then at the next commit. */
  #lookUp(): boolean {
    try {
      this.#sessionsMoving = this.#moving.count();
      this.#rowsWaiting = this.#index.waiting();
      return true;
    } catch {
      return false;
    }
  }

  /** @param index whether the rows that wait are indexed too. */
  #start(index: boolean): void {
    if (this.#running || this.#stopped) return;
    this.#running = this.#run(index).finally(() => {
      this.#running = undefined;
    });
  }

  async #run(index: boolean): Promise<void> {
    try {
      // Started together they share a transaction.
      await Promise.all([this.#settle(), index && !this.#indexLater ? this.#indexAlone() : undefined]);
    } catch (error) {
      // Whoever holds the file now does it, or the next search.
      if (!isSessionError(error, "busy")) this.#onFailed(error);
    }
  }

  async #settle(): Promise<void> {
    if (this.#sessionsMoving === 0) return;
    const before = this.#sessionsMoving;
    await this.#queue.run(undefined, () => this.#moving.settle());
    this.#sessionsMoving -= before;
  }

  async #indexAlone(): Promise<void> {
    const target = this.#index.target();
    const before = this.#rowsWaiting ?? 0;
    while (!this.#stopped && !(await this.#queue.run(undefined, () => this.#index.step(target))));
    this.#rowsWaiting = Math.max(0, (this.#rowsWaiting ?? 0) - before);
  }
}
