import type { Database } from "./database.ts";
import { clearTimeout, performance, setTimeout, sleep } from "./real-time.ts";
import { retryDelay } from "./retry-busy.ts";
import { isBusy } from "./sqlite-errors.ts";

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
    if (this.#isTruncated() || ++this.#attempts >= MAX_ATTEMPTS) return;
    this.#schedule();
  }

  #isTruncated(): boolean {
    try {
      return isWalTruncated(this.#database);
    } catch {
      // Whatever is wrong with the file, the next write reports it to its caller.
      return false;
    }
  }
}

/**
 * Writes the WAL into the database and makes it an empty file, as soon as no reader needs it.
 *
 * @returns false where one has needed it for all of the busy timeout.
 * @throws errors of SQLite
 */
export async function emptyWal(database: Database): Promise<boolean> {
  const start = performance.now();
  for (let i = 0; !isWalTruncated(database); i++) {
    if (performance.now() - start >= database.busyTimeoutMs) return false;
    await sleep(retryDelay(i));
  }
  return true;
}

/** False where a reader or a writer is in the way. @throws errors of SQLite */
function isWalTruncated({ client, identity }: Database): boolean {
  try {
    const [result] = client.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
    if (result?.busy !== 0) return false;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
  identity.walWasTruncated();
  return true;
}
