import type { Database } from "../connection/database.ts";
import { DeferredIndex } from "./deferred-index.ts";

/** How long after the last write what was deferred is done, in milliseconds. */
const IDLE_MS = 500;
/** Beyond so many sessions that were written it is done at once: lists have to sort all of them. */
const MAX_SESSIONS = 256;
/** How often is looked after what another program has left when it ended. */
const SWEEP_MS = 10_000;
/** How long to rest between two rounds that index what others have left out. */
const CATCH_UP_REST_MS = 100;
/** How long commits are remembered: longer than any watcher or retry asks for them. */
const COMMITS_KEPT = "10 minutes";
const COMMITS_PER_ROUND = 5_000;

// Looked up once, so that fake timers installed later do not stop every store.
const { setTimeout, clearTimeout } = globalThis;

/** Does what writes defer, when nothing was written for a while or too much has piled up. */
export class BackgroundMaintenance {
  readonly #database: Database;
  readonly #index: DeferredIndex;
  readonly #onError: (error: unknown) => void;
  readonly #written = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #catchUp: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;

  /** @param onError called with the reason why deferred work failed while nobody waits for it. */
  constructor(database: Database, onError: (error: unknown) => void) {
    this.#database = database;
    this.#index = new DeferredIndex(database);
    this.#onError = onError;
  }

  /** To be called after each commit. */
  onCommit(ids: Iterable<string>): void {
    if (this.#isStopped) return;
    for (const id of ids) this.#written.add(id);
    if (this.#written.size > MAX_SESSIONS) this.#start();
    else if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#start(), IDLE_MS).unref();
    // Who only reads leaves that to others.
    this.#sweep ??= setTimeout(() => this.#sweepUp(), SWEEP_MS).unref();
  }

  /**
   * To be called when words are missing that programs which do not index have left out: they are made bit by
   * bit, in the background. Needs a database that is indexed and may be written.
   */
  catchUpSoon(): void {
    if (this.#isStopped) return;
    this.#catchUp ??= setTimeout(() => {
      this.#catchUp = undefined;
      this.#start();
    }, CATCH_UP_REST_MS).unref();
  }

  /**
   * Brings the indices up to date with what was written; with `search=off` only those by time.
   * @throws {SessionError} busy, io
   */
  async flush(): Promise<void> {
    const { search } = this.#database.settings;
    const round = () => (search ? this.#index.flushRound() : this.#index.settleRound());
    while (!this.#isStopped && !(await round()).isDone);
  }

  /** @returns when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#sweep);
    clearTimeout(this.#catchUp);
    await this.#running;
  }

  #start(forgetsCommits = false): void {
    this.#written.clear();
    this.#running ??= this.#work(forgetsCommits);
  }

  async #work(forgetsCommits: boolean): Promise<void> {
    try {
      await this.flush();
      if (forgetsCommits) {
        await this.forgetOldCommits();
        await this.cleanWords();
      }
      await this.#catchUpOnce();
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#running = undefined;
    }
  }

  /** One round, so that what was written meanwhile does not wait for all that was left out before. */
  async #catchUpOnce(): Promise<void> {
    if (this.#isStopped || !this.#database.settings.search) return;
    const { isDone } = await this.#index.catchUpRound();
    if (!isDone) this.catchUpSoon();
  }

  #sweepUp(): void {
    this.#start(true);
    if (!this.#isStopped) this.#sweep = setTimeout(() => this.#sweepUp(), SWEEP_MS).unref();
  }

  /**
   * The words that were added last stand in a list that every search reads whole, up to 1 MiB: they are put
   * where they belong. A role that does not own the index leaves that to autovacuum.
   */
  async cleanWords(): Promise<void> {
    const { schema } = this.#database;
    await this.#database.run({
      text: `SELECT gin_clean_pending_list(c.oid) FROM pg_catalog.pg_class c
        WHERE c.oid = '${schema}.search_docs_words'::regclass AND pg_has_role(c.relowner, 'USAGE')`,
    });
  }

  /** In the order of their transactions, which is nearly that of their times. */
  async forgetOldCommits(): Promise<void> {
    const { schema } = this.#database;
    for (let count = COMMITS_PER_ROUND; count === COMMITS_PER_ROUND && !this.#isStopped; ) {
      const { rows } = await this.#database.run({
        text: `WITH gone AS (
            DELETE FROM ${schema}.commits
            WHERE tx IN (SELECT tx FROM ${schema}.commits ORDER BY tx LIMIT ${COMMITS_PER_ROUND})
              AND at < now() - interval '${COMMITS_KEPT}'
            RETURNING 1
          ) SELECT count(*) FROM gone`,
      });
      count = rows[0]?.[0] ?? 0;
    }
  }
}
