import type { Database } from "./database.ts";
import { clearTimeout, setTimeout } from "./real-time.ts";
import { retryDelay } from "./retry-busy.ts";

/**
 * Beyond this size the WAL is truncated, in bytes. SQLite by itself restarts it only at a moment without
 * readers.
 */
const MAX_WAL_BYTES = 32 * 1024 * 1024;
/** Attempts in a row, a few milliseconds apart: reads are short, so one of them will meet no reader. */
const MAX_ATTEMPTS = 50;

/** Keeps the WAL from growing without bound while there are readers all the time. */
export class WalSize {
  readonly #database: Database;
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** To be called after each commit. */
  check(): void {
    if (this.#timer || this.#database.identity.walBytes <= MAX_WAL_BYTES) return;
    this.#attempts = 0;
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#attempt(), retryDelay(this.#attempts)).unref();
  }

  #attempt(): void {
    this.#timer = undefined;
    if (this.#truncate() || ++this.#attempts >= MAX_ATTEMPTS) return;
    this.#schedule();
  }

  /** False where a reader or a writer is in the way. */
  #truncate(): boolean {
    try {
      const [result] = this.#database.client.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
      if (result?.busy !== 0) return false;
      this.#database.identity.walWasTruncated();
      return true;
    } catch {
      // Whatever is wrong with the file, the next write reports it to its caller.
      return false;
    }
  }
}
