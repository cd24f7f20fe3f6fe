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
  readonly #begin;
  readonly #end;

  constructor(client: Client, orm: Orm, { file, durability, busyTimeoutMs }: CheckedOptions) {
    this.client = client;
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
    if (inodeOf(this.file) !== this.#inode) {
      throw new SessionError(
        "io",
        `${this.file} was removed or replaced while it was open. Nothing was written; open the store again.`,
        { details: { path: this.file } },
      );
    }
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

function inodeOf(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
}
