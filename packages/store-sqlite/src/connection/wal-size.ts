import type { Database } from "./database.ts";
import { clearTimeout, setTimeout } from "./real-time.ts";
import { retryDelay } from "./retry-busy.ts";

/** Beyond this the log is brought into the file and cut, in bytes. SQLite itself begins it anew only when nobody reads. */
const MOST_LOG_BYTES = 32 * 1024 * 1024;
/** So often in a row, a few milliseconds apart: reads are short, and somebody reads at every moment only by chance. */
const TRIES = 50;

/** Keeps the write-ahead log from growing while there is always somebody who reads. */
export class LogSize {
  readonly #database: Database;
  #timer: NodeJS.Timeout | undefined;
  #tries = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** To be called after each commit. */
  check(): void {
    if (this.#timer || this.#database.logBytes <= MOST_LOG_BYTES) return;
    this.#tries = 0;
    this.#tryLater();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tryLater(): void {
    this.#timer = setTimeout(() => this.#try(), retryDelay(this.#tries)).unref();
  }

  #try(): void {
    this.#timer = undefined;
    if (this.#cut() || ++this.#tries >= TRIES) return;
    this.#tryLater();
  }

  /** False where somebody is in the way. */
  #cut(): boolean {
    try {
      const [result] = this.#database.client.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
      if (result?.busy !== 0) return false;
      this.#database.logWasCut();
      return true;
    } catch {
      // Whatever is wrong with the file, the next write tells its caller.
      return false;
    }
  }
}
