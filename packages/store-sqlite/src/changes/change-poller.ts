import type { Database } from "../connection/database.ts";
import { clearInterval, setInterval } from "../connection/real-time.ts";
import { isBusy } from "../connection/sqlite-errors.ts";
import type { Change } from "./change.ts";
import type { ChangeLog } from "./change-log.ts";

/** How often the changes of other connections are looked for while there are watchers. */
const INTERVAL_MS = 100;

export interface ChangeListener {
  /** Called with what other connections have changed, those of other processes and of this one. */
  changed(changes: readonly Change[]): void;
  /** Called when changes were missed. */
  missed(): void;
  /** Called when changes cannot be read at the moment; once until it works again. */
  failed(error: unknown): void;
}

/**
 * Looks for changes that other connections have committed. SQLite does not report them, but `PRAGMA
 * data_version`, which costs almost nothing, tells whether there were any.
 */
export class ChangePoller {
  readonly #database: Pick<Database, "dataVersion">;
  readonly #log: ChangeLog;
  readonly #listener: ChangeListener;
  #timer: NodeJS.Timeout | undefined;
  #dataVersion = 0;
  #revision = 0;
  /** Revisions after `#revision` that this store has given. */
  readonly #ownRevisions = new Set<number>();
  #isFailing = false;

  constructor(database: Pick<Database, "dataVersion">, log: ChangeLog, listener: ChangeListener) {
    this.#database = database;
    this.#log = log;
    this.#listener = listener;
  }

  /** Changes from now on are reported. @throws errors of SQLite. */
  start(): void {
    this.#dataVersion = this.#database.dataVersion();
    this.#continueAt(this.#log.lastRevision());
    this.#timer = setInterval(() => this.#poll(), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** To be called after each commit of this store, whose changes are emitted without the poller. */
  skipOwnChanges(before: number, changes: readonly Change[]): void {
    if (!this.#timer) return;
    // Where no other connection has committed since the last poll, they are all there is.
    if (this.#revision === before) this.#revision = changes.at(-1)?.revision ?? before;
    else for (const { revision } of changes) this.#ownRevisions.add(revision);
  }

  #poll(): void {
    try {
      // Read before the rows, so that a commit in between is looked for again and not missed.
      const dataVersion = this.#database.dataVersion();
      if (dataVersion === this.#dataVersion) return;
      const news = this.#log.since(this.#revision);
      const others = news?.changes.filter(({ revision }) => !this.#ownRevisions.has(revision));
      this.#continueAt(news?.last ?? this.#log.lastRevision());
      this.#dataVersion = dataVersion;
      this.#isFailing = false;
      if (others) this.#listener.changed(others);
      else this.#listener.missed();
    } catch (error) {
      if (isBusy(error) || this.#isFailing) return;
      this.#isFailing = true;
      this.#listener.failed(error);
    }
  }

  #continueAt(revision: number): void {
    this.#revision = revision;
    this.#ownRevisions.clear();
  }
}
