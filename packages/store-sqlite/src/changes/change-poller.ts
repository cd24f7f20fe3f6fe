import type { Database } from "../connection/database.ts";
import { clearInterval, setInterval } from "../connection/real-time.ts";
import { isBusy } from "../connection/sqlite-errors.ts";
import type { Change } from "./change.ts";
import type { ChangeLog } from "./change-log.ts";

/** How often others' changes are looked for, while somebody watches. */
const INTERVAL_MS = 100;

export interface ChangeListener {
  /** What another process, or another handle of this one, has changed. */
  changed(changes: readonly Change[]): void;
  /** Changes were missed. */
  missed(): void;
  /** They cannot be looked for at the moment. */
  failed(error: unknown): void;
}

/**
 * Looks for changes that other connections have committed. SQLite tells nobody of them, but `PRAGMA data_version`,
 * which costs next to nothing, says whether there were any.
 */
export class ChangePoller {
  readonly #log: ChangeLog;
  readonly #listener: ChangeListener;
  readonly #dataVersion;
  #timer: NodeJS.Timeout | undefined;
  #seenData = 0;
  #seenRevision = 0;
  /** Revisions after the one seen that this handle has given. */
  readonly #ownRevisions = new Set<number>();
  #failing = false;

  constructor({ client }: Database, log: ChangeLog, listener: ChangeListener) {
    this.#log = log;
    this.#listener = listener;
    this.#dataVersion = client.prepare<[], number>("PRAGMA data_version").pluck();
  }

  /** From now on changes are told. SQLite's errors come through. */
  start(): void {
    this.#seenData = this.#dataVersion.get() ?? 0;
    this.#seenRevision = this.#log.lastRevision();
    this.#ownRevisions.clear();
    this.#timer = setInterval(() => this.#poll(), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Own changes, which are told otherwise, are not to be told again. */
  passOwn(before: number, changes: readonly Change[]): void {
    if (!this.#timer) return;
    const last = changes.at(-1)?.revision ?? before;
    // Where nobody else's stand before them, that is all there is to it.
    if (this.#seenRevision === before) this.#seenRevision = last;
    else for (const { revision } of changes) this.#ownRevisions.add(revision);
  }

  #poll(): void {
    try {
      // Before the rows: a commit in between is then looked for once more, and not missed.
      const data = this.#dataVersion.get() ?? 0;
      if (data === this.#seenData) return;
      const news = this.#log.since(this.#seenRevision);
      this.#seenData = data;
      this.#failing = false;
      if (news) {
        this.#seenRevision = news.last;
        const others = news.changes.filter(({ revision }) => !this.#ownRevisions.has(revision));
        this.#ownRevisions.clear();
        this.#listener.changed(others);
      } else {
        this.#seenRevision = this.#log.lastRevision();
        this.#ownRevisions.clear();
        this.#listener.missed();
      }
    } catch (error) {
      if (isBusy(error) || this.#failing) return;
      this.#failing = true;
      this.#listener.failed(error);
    }
  }
}
