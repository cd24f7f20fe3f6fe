import { type BigIntStats, closeSync, constants, existsSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { FolderTimes } from "./folder-times.ts";
import { performance } from "./real-time.ts";

/** The shortest time between two looks at the WAL itself. */
const WAL_CHECK_INTERVAL_MS = 100;
/** The first bytes of every WAL that is not empty; the last bit says how it is summed up. */
const WAL_MAGIC = 0x377f0682;
/** On Linux: reading would otherwise change the WAL's time of access, which the next sync would write. */
const NO_ATIME = constants.O_NOATIME ?? 0;

/**
 * Notices that the database, its WAL (`-wal`) or the WAL's index (`-shm`) was removed, replaced or emptied
 * while it is open. SQLite would go on writing to the removed files, and behind the end of the emptied ones,
 * and what it writes would be lost.
 */
export class FileIdentity {
  readonly #file: string;
  readonly #wal: string;
  readonly #shm: string;
  /** By path. The two files beside the database are there from the first write on. */
  readonly #inodes = new Map<string, bigint>();
  readonly #folder: FolderTimes;
  #walCheckedAt = Number.NEGATIVE_INFINITY;
  #walBytes = 0;
  #walDescriptor: number | undefined;
  readonly #walStart = Buffer.alloc(4);

  /** @param inode of the file when it was claimed, before SQLite opened it. @throws {SessionError} io */
  constructor(file: string, inode: bigint) {
    this.#file = file;
    this.#wal = `${file}-wal`;
    this.#shm = `${file}-shm`;
    this.#folder = new FolderTimes(dirname(file));
    this.#inodes.set(file, inode);
    this.#checkInode(file);
  }

  /**
   * To be called before each write, within its transaction.
   *
   * @throws {SessionError} io
   */
  check(): void {
    if (this.#checkInode(this.#file)?.size === 0n) throw emptied(this.#file);
    // The WAL's own attributes are read seldom: on Linux from 6.13 on, the sync after that takes a third
    // longer.
    const now = performance.now();
    const isWalDue = now - this.#walCheckedAt > WAL_CHECK_INTERVAL_MS;
    if (isWalDue) {
      this.#walCheckedAt = now;
      this.#walBytes = Number(this.#checkInode(this.#wal)?.size ?? 0);
    }
    if (!this.#folder.isUnchanged()) {
      // A program that replaces the WAL also removes its index, so looking at the index each time is enough.
      if (!isWalDue && !existsSync(this.#wal)) throw removedOrReplaced(this.#wal);
      this.#checkInode(this.#shm);
      this.#folder.checked();
    }
  }

  /**
   * To be called before each write, outside of its transaction. Its size alone would not do: what is written
   * after the WAL was emptied lands where it would have without. Nor is its size read each time, see above.
   *
   * @param lostFrames asks SQLite how much of the WAL is not in the database yet.
   * @throws {SessionError} io
   */
  checkWalStart(lostFrames: () => number): void {
    this.#walDescriptor ??= openWal(this.#wal);
    // Removed: `check` says so.
    if (this.#walDescriptor === undefined) return;
    const start = this.#walStart;
    const length = readSync(this.#walDescriptor, start, 0, start.length, 0);
    const isWal = length === start.length && start.readUInt32BE(0) >>> 1 === WAL_MAGIC >>> 1;
    // Empty at first, and whenever some process has truncated it after a checkpoint.
    if (!isWal && lostFrames() > 0) throw emptied(this.#wal);
  }

  /** To be called before SQLite closes the files: it removes the WAL. */
  close(): void {
    if (this.#walDescriptor !== undefined) closeSync(this.#walDescriptor);
    this.#walDescriptor = undefined;
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

function emptied(path: string): SessionError {
  return new SessionError(
    "io",
    `${path} was emptied by another program while it was open: what it held is lost. Nothing was written; end every program ` +
      "that uses it, and look at what is left: thulp-sessions check.",
    { details: { path } },
  );
}

function openWal(path: string): number | undefined {
  for (const flags of [constants.O_RDONLY | NO_ATIME, constants.O_RDONLY]) {
    try {
      return openSync(path, flags);
    } catch (error) {
      // Only the owner of a file may leave its time of access alone.
      if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
    }
  }
  return undefined;
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
