import { type BigIntStats, existsSync, statSync } from "node:fs";
import { SessionError } from "@thulp-sessions/core";
import { performance } from "./real-time.ts";

/** The shortest time between two looks at the WAL itself. */
const WAL_CHECK_INTERVAL_MS = 100;

/**
 * Notices that the database, its WAL (`-wal`) or the WAL's index (`-shm`) was removed or replaced while it is
 * open. SQLite would go on writing to the removed files, and what it writes would be lost.
 */
export class FileIdentity {
  readonly #file: string;
  readonly #wal: string;
  readonly #shm: string;
  /** By path. The two files beside the database are there from the first write on. */
  readonly #inodes = new Map<string, bigint>();
  #walCheckedAt = Number.NEGATIVE_INFINITY;
  #walBytes = 0;

  constructor(file: string) {
    this.#file = file;
    this.#wal = `${file}-wal`;
    this.#shm = `${file}-shm`;
    this.#checkInode(file);
  }

  /**
   * To be called before each write, within its transaction.
   *
   * @throws {SessionError} io
   */
  check(): void {
    this.#checkInode(this.#file);
    // A program that replaces the WAL also removes its index, so looking at the index each time is enough.
    // The WAL's own attributes are read seldom: on Linux from 6.13 on, the sync after that takes a third
    // longer.
    const now = performance.now();
    if (now - this.#walCheckedAt > WAL_CHECK_INTERVAL_MS) {
      this.#walCheckedAt = now;
      this.#walBytes = Number(this.#checkInode(this.#wal)?.size ?? 0);
    } else if (!existsSync(this.#wal)) throw removedOrReplaced(this.#wal);
    this.#checkInode(this.#shm);
  }

  /** The size of the WAL when it was last looked at. */
  get walBytes(): number {
    return this.#walBytes;
  }

  walWasTruncated(): void {
    this.#walBytes = 0;
  }

  #checkInode(path: string): BigIntStats | undefined {
    const stats = statsOf(path);
    const known = this.#inodes.get(path);
    if (known === undefined && stats !== undefined) this.#inodes.set(path, stats.ino);
    else if (stats?.ino !== known) throw removedOrReplaced(path);
    return stats;
  }
}

function removedOrReplaced(path: string): SessionError {
  return new SessionError(
    "io",
    `${path} was removed or replaced while it was open. Nothing was written; open the store again.`,
    { details: { path } },
  );
}

function statsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (cause) {
    throw new SessionError("io", `${path} cannot be examined: ${(cause as Error).message}.`, {
      cause,
      details: { path },
    });
  }
}
