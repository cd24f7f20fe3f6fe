import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { sizeOf } from "./database-file.ts";
import { performance } from "./real-time.ts";

/** The disk is looked at again after so long, or so many transactions: what others write, and what we do. */
const LOOK_INTERVAL_MS = 100;
const LOOK_TRANSACTIONS = 16;
/** More than deleting a session of some hundred entries writes into the WAL. */
const LEAST_BYTES = 512 * 1024;
/** Only below that the WAL is looked at: on Linux from 6.13 on, the sync after that takes a third longer. */
const PLENTY_BYTES = 64 * 1024 * 1024;

/**
 * Keeps so much of the disk free that what is in the WAL can still be written into the database: then the WAL
 * begins again in the place that it has, and there is room to delete something. Once nothing is free, SQLite
 * can do neither.
 */
export class DiskRoom {
  readonly #file: string;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #transactions = 0;
  #isShort = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** Whether what was free at the last look is to be kept free. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /**
   * Looks at the disk, if it is time. To be called before each transaction.
   *
   * @param empty writes what is in the WAL into the database; false where that cannot be.
   */
  look(empty: () => boolean): void {
    const now = performance.now();
    const isDue =
      // Room is seen as soon as there is some.
      this.#isShort || ++this.#transactions >= LOOK_TRANSACTIONS || now - this.#lookedAt >= LOOK_INTERVAL_MS;
    if (!isDue) return;
    this.#transactions = 0;
    this.#lookedAt = now;
    const free = this.#freeBytes();
    this.#isShort = free < LEAST_BYTES || (free < PLENTY_BYTES && free < this.#walBytes() && !empty());
  }

  #walBytes(): number {
    return sizeOf(`${this.#file}-wal`);
  }

  /** Infinite where the system does not say. */
  #freeBytes(): number {
    try {
      const { blocks, bsize, bfree, bavail } = statfsSync(dirname(this.#file));
      if (blocks === 0) return Number.POSITIVE_INFINITY;
      return (process.getuid?.() === 0 ? bfree : bavail) * bsize;
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }
}

export function noRoom(file: string): SessionError {
  return new SessionError(
    "io",
    `${file}: the disk is full but for what deleting needs. Nothing of this call was kept; reads, changes and deletions go on. ` +
      "Make room, or delete sessions and vacuum.",
    { details: { path: file } },
  );
}
