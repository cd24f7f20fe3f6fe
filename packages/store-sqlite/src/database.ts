import { statSync } from "node:fs";
import { SessionError } from "@thulp-sessions/core";
import type { Client, Orm } from "./driver.ts";
import { sessionErrorOf } from "./errors.ts";
import type { CheckedOptions } from "./options.ts";
import { refused } from "./ownership.ts";
import { retryWhileBusy } from "./retry.ts";

/** The open database, with what every part of the store needs to know of it. */
export class Database {
  readonly file: string;
  readonly durability: CheckedOptions["durability"];
  readonly busyTimeoutMs: number;
  readonly client: Client;
  readonly orm: Orm;
  readonly #version: number;
  readonly #userVersion;
  readonly #inode: bigint | undefined;
  readonly #release: () => void;
  /** Of the write-ahead log, from the first write on. */
  #logInode: bigint | undefined;
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
    this.durability = durability;
    this.busyTimeoutMs = busyTimeoutMs;
    this.#userVersion = client.prepare<[], number>("PRAGMA user_version").pluck();
    this.#version = this.#userVersion.get() ?? 0;
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

  /**
   * To be asked within a transaction, before anything is written.
   *
   * @throws {SessionError} unsupported when a newer version has changed the tables under us; io when the file was
   *   removed or replaced: SQLite would go on writing where nobody will look.
   */
  checkStillOurs(): void {
    if (this.#userVersion.get() !== this.#version) {
      throw refused(
        this.file,
        "was brought to a newer version of its tables by another process. Start this one anew",
      );
    }
    if (inodeOf(this.file) !== this.#inode) throw takenAway(this.file);
    // While one connection is open nobody who keeps to the rules removes the log: what is written to it would be lost.
    const log = `${this.file}-wal`;
    const logInode = inodeOf(log);
    this.#logInode ??= logInode;
    if (logInode !== this.#logInode) throw takenAway(log);
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
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  } catch (cause) {
    throw new SessionError("io", `${path} cannot be looked at: ${(cause as Error).message}.`, {
      cause,
      details: { path },
    });
  }
}
