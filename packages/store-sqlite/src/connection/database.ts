import { refused } from "./application-id.ts";
import type { Client } from "./driver.ts";
import { FileIdentity } from "./file-identity.ts";
import type { CheckedOptions } from "./options.ts";
import { retryWhileBusy } from "./retry-busy.ts";
import { isBusy, sessionErrorOf } from "./sqlite-errors.ts";

/** The open database, and what all parts of the store need to know about it. */
export class Database {
  readonly client: Client;
  readonly file: string;
  readonly durability: CheckedOptions["durability"];
  readonly busyTimeoutMs: number;
  readonly identity: FileIdentity;
  readonly #release: () => void;
  readonly #tablesVersion: number;
  readonly #userVersion;
  readonly #dataVersion;
  readonly #readTransaction;
  #failedCommits = 0;
  /** The data version at the last `checkBeforeWrite`. */
  #checkedVersion = -1;

  /** @param release called when the database is closed. */
  constructor(client: Client, { file, durability, busyTimeoutMs }: CheckedOptions, release: () => void) {
    this.client = client;
    this.file = file;
    this.durability = durability;
    this.busyTimeoutMs = busyTimeoutMs;
    this.identity = new FileIdentity(file);
    this.#release = release;
    this.#userVersion = client.prepare<[], number>("PRAGMA user_version").pluck();
    this.#tablesVersion = this.#userVersion.get() ?? 0;
    this.#dataVersion = client.prepare<[], number>("PRAGMA data_version").pluck();
    this.#readTransaction = client.transaction((read: () => unknown) => read());
  }

  /**
   * Returns what `read` returns, and retries it while another connection is in the way. It is called within a
   * transaction, so that it sees one state of the database.
   *
   * @throws {SessionError} busy, corrupt, io
   */
  async read<T>(read: () => T, sessionId?: string): Promise<T> {
    try {
      return await retryWhileBusy(this.file, this.busyTimeoutMs, () => this.#readTransaction(read) as T);
    } catch (error) {
      throw sessionErrorOf(error, this.file, sessionId);
    }
  }

  /** The same for a `read` of one statement, which sees one state without a transaction. */
  async readOnce<T>(read: () => T, sessionId?: string): Promise<T> {
    try {
      return read();
    } catch (error) {
      if (isBusy(error)) return this.read(read, sessionId);
      throw sessionErrorOf(error, this.file, sessionId);
    }
  }

  /**
   * A number that changes whenever another connection has committed, and when a commit of this one has
   * failed, whose data may have been written all the same. A cache compares it with the number at its last
   * read.
   */
  dataVersion(): number {
    return (this.#dataVersion.get() ?? 0) + this.#failedCommits * 2 ** 32;
  }

  commitFailed(): void {
    this.#failedCommits++;
  }

  /**
   * To be called within a transaction, before anything is written.
   *
   * @returns whether another connection has committed since the last call.
   * @throws {SessionError} unsupported when a newer version has changed the tables in the meantime; io when a
   *   file was removed or replaced.
   */
  checkBeforeWrite(): boolean {
    this.identity.check();
    const version = this.dataVersion();
    if (version === this.#checkedVersion) return false;
    if (this.#userVersion.get() !== this.#tablesVersion) {
      throw refused(
        this.file,
        "was brought to a newer version of its tables by another process. Restart this one",
      );
    }
    this.#checkedVersion = version;
    return true;
  }

  close(): void {
    this.client.close();
    this.#release();
  }
}
