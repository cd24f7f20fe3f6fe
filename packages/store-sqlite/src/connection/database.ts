import { type BigIntStats, existsSync, statSync } from "node:fs";
import { SessionError } from "@thulp-sessions/core";
import { refused } from "./application-id.ts";
import type { Client, Orm } from "./driver.ts";
import type { CheckedOptions } from "./options.ts";
import { performance } from "./real-time.ts";
import { retryWhileBusy } from "./retry-busy.ts";
import { isBusy, sessionErrorOf } from "./sqlite-errors.ts";

/** How often the log itself is looked at, at the most. */
const LOG_LOOK_MS = 100;

/** The open database, with what every part of the store needs to know of it. */
export class Database {
  readonly file: string;
  readonly durability: CheckedOptions["durability"];
  readonly busyTimeoutMs: number;
  readonly client: Client;
  readonly orm: Orm;
  readonly #version: number;
  readonly #userVersion;
  readonly #dataVersion;
  #seenData = -1;
  /** How many commits of ours have failed: what they were to write may be there all the same. */
  #failedCommits = 0;
  readonly #inode: bigint | undefined;
  readonly #release: () => void;
  readonly #wal: string;
  readonly #shm: string;
  /** Of the write-ahead log and its index, from the first write on. */
  readonly #logInodes = new Map<string, bigint | undefined>();
  #logSeenAt = Number.NEGATIVE_INFINITY;
  #logBytes = 0;
  readonly #begin;
  readonly #end;

  /** @param release called when the database is closed. */
  constructor(
    client: Client,
    orm: Orm,
    { file, durability, busyTimeoutMs }: CheckedOptions,
    release: () => void,
  ) {
    this.client = client;
    this.#release = release;
    this.orm = orm;
    this.file = file;
    this.#wal = `${file}-wal`;
    this.#shm = `${file}-shm`;
    this.durability = durability;
    this.busyTimeoutMs = busyTimeoutMs;
    this.#userVersion = client.prepare<[], number>("PRAGMA user_version").pluck();
    this.#version = this.#userVersion.get() ?? 0;
    this.#dataVersion = client.prepare<[], number>("PRAGMA data_version").pluck();
    this.#inode = inodeOf(file);
    this.#begin = client.prepare("BEGIN");
    this.#end = client.prepare("COMMIT");
  }

  /**
   * What `read` gives, once nobody is in its way; it runs without a pause and sees one state of the database.
   *
   * @throws {SessionError} busy, corrupt, io
   */
  async read<T>(read: () => T, sessionId?: string): Promise<T> {
    try {
      return await retryWhileBusy(this.file, this.busyTimeoutMs, () => this.#snapshot(read));
    } catch (error) {
      throw sessionErrorOf(error, this.file, sessionId);
    }
  }

  /** The same for a read of one statement, which sees one state by itself. */
  async readOnce<T>(read: () => T, sessionId?: string): Promise<T> {
    try {
      return read();
    } catch (error) {
      if (isBusy(error)) return this.read(read, sessionId);
      throw sessionErrorOf(error, this.file, sessionId);
    }
  }

  /**
   * To be asked within a transaction, before anything is written. True when another connection has committed since it was
   * asked the last time.
   *
   * @throws {SessionError} unsupported when a newer version has changed the tables under us; io when the file was
   *   removed or replaced: SQLite would go on writing where nobody will look.
   */
  checkStillOurs(): boolean {
    if (inodeOf(this.file) !== this.#inode) throw takenAway(this.file);
    this.#checkLog();
    const data = this.#dataVersion.get();
    if (data === this.#seenData) return false;
    if (this.#userVersion.get() !== this.#version) {
      throw refused(
        this.file,
        "was brought to a newer version of its tables by another process. Start this one anew",
      );
    }
    this.#seenData = data ?? -1;
    return true;
  }

  /**
   * While one connection is open nobody who keeps to the rules removes the log: what is written to it would be lost. Whoever
   * puts another in its place removes the index of the log (`-shm`) too, and that is looked at each time; at the times of
   * the log itself seldom, since on Linux (from 6.13 on) the sync after such a look takes a third longer.
   */
  #checkLog(): void {
    const now = performance.now();
    const isDue = now - this.#logSeenAt > LOG_LOOK_MS;
    if (isDue) this.#logSeenAt = now;
    else if (!existsSync(this.#wal)) throw takenAway(this.#wal);
    for (const file of isDue ? [this.#wal, this.#shm] : [this.#shm]) {
      const stat = lookAt(file);
      const inode = stat?.ino;
      if (file === this.#wal) this.#logBytes = Number(stat?.size ?? 0);
      const seen = this.#logInodes.get(file);
      if (seen === undefined) this.#logInodes.set(file, inode);
      else if (inode !== seen) throw takenAway(file);
    }
  }

  /** Another number whenever another connection has committed, or a commit of this one has failed. */
  dataVersion(): number {
    return (this.#dataVersion.get() ?? 0) + this.#failedCommits * 2 ** 32;
  }

  commitFailed(): void {
    this.#failedCommits++;
  }

  /** How long the write-ahead log was when it was last looked at, which is seldom. */
  get logBytes(): number {
    return this.#logBytes;
  }

  logWasCut(): void {
    this.#logBytes = 0;
  }

  close(): void {
    this.client.close();
    this.#release();
  }

  #snapshot<T>(read: () => T): T {
    this.#begin.run();
    try {
      return read();
    } finally {
      if (this.client.inTransaction) this.#end.run();
    }
  }
}

function takenAway(path: string): SessionError {
  return new SessionError(
    "io",
    `${path} was removed or replaced while it was open. Nothing was written; open the store again.`,
    { details: { path } },
  );
}

function inodeOf(path: string): bigint | undefined {
  return lookAt(path)?.ino;
}

function lookAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (cause) {
    throw new SessionError("io", `${path} cannot be looked at: ${(cause as Error).message}.`, {
      cause,
      details: { path },
    });
  }
}
