import { refused } from "./application-id.ts";
import { DiskRoom } from "./disk-room.ts";
import type { Client, Connect } from "./driver.ts";
import { FileIdentity } from "./file-identity.ts";
import { hasIndexRoom, noIndexRoom, type WalIndex } from "./index-room.ts";
import type { Claim } from "./open-files.ts";
import type { CheckedOptions } from "./options.ts";
import { restartWal } from "./restart-wal.ts";
import { retryWhileBusy } from "./retry-busy.ts";
import { isBusy, sessionErrorOf } from "./sqlite-errors.ts";

/** A part of the pages of the WAL (1,000) after which SQLite makes a checkpoint within the next commit. */
const EARLY_CHECKPOINT_PAGES = 128;

/** What opening a database has found out, and what has to be done when it is closed. */
export interface Opened {
  readonly client: Client;
  readonly connect: Connect;
  /** Called when another program has changed the schema. @throws {SessionError} where it is not ours. */
  readonly checkSchema: () => void;
  /** Why the tables for search were rebuilt; `null` where they were not. */
  readonly indexProblem: string | null;
  readonly claim: Claim;
  readonly walIndex: WalIndex;
  /** For one that may only be read; absent for any other. */
  readonly reading?: Reading;
}

/** How a database is open that may only be read. */
export interface Reading {
  /** Why nothing may be written, as a clause that ends a sentence. */
  readonly readOnlyReason: string;
  /** It is a copy that shows one moment: what others write from then on is not seen. */
  readonly isCopy: boolean;
  /** Closes the connection, and removes what was made for it. */
  readonly close: () => void;
}

/** The open database, and what all parts of the store need to know about it. */
export class Database {
  readonly client: Client;
  /** Opens further connections. */
  readonly connect: Connect;
  readonly file: string;
  /** The same file as the caller calls it. */
  readonly givenFile: string;
  readonly durability: CheckedOptions["durability"];
  readonly deletion: CheckedOptions["deletion"];
  readonly busyTimeoutMs: number;
  readonly identity: FileIdentity;
  /** Why the tables for search were rebuilt when it was opened; `null` where they were not. */
  readonly indexProblem: string | null;
  /** `private`: no other process can have the database open. */
  readonly walIndex: WalIndex;
  /** `null` where it may be written. */
  readonly reading: Reading | null;
  readonly #room: DiskRoom;
  readonly #release: () => void;
  readonly #checkSchema: () => void;
  readonly #tablesVersion: number;
  readonly #userVersion;
  readonly #schemaVersion;
  readonly #dataVersion;
  readonly #readTransaction;
  #failedCommits = 0;
  /** The data version at the last `checkBeforeWrite`. */
  #checkedVersion = -1;
  /** The schema version at the last look at the schema. */
  #checkedSchema: number | undefined;

  constructor(opened: Opened, options: CheckedOptions) {
    const { file, givenFile, durability, deletion, busyTimeoutMs } = options;
    const { client, connect, claim, checkSchema, indexProblem, walIndex } = opened;
    this.walIndex = walIndex;
    this.reading = opened.reading ?? null;
    this.indexProblem = indexProblem;
    this.client = client;
    this.connect = connect;
    this.file = file;
    this.givenFile = givenFile;
    this.durability = durability;
    this.deletion = deletion;
    this.busyTimeoutMs = busyTimeoutMs;
    this.identity = new FileIdentity(file, claim.inode);
    this.#room = new DiskRoom(file);
    this.#release = claim.release;
    this.#checkSchema = checkSchema;
    this.#userVersion = client.prepare<[], number>("PRAGMA user_version").pluck();
    this.#tablesVersion = this.#userVersion.get() ?? 0;
    this.#schemaVersion = client.prepare<[], number>("PRAGMA schema_version").pluck();
    this.#checkedSchema = this.#schemaVersion.get();
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
   * @throws {SessionError} unsupported when a newer version has changed the tables in the meantime, or
   *   another program has put something into the schema; io when a file was removed, replaced or cut.
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
    const schema = this.#schemaVersion.get();
    if (schema !== this.#checkedSchema) this.#checkSchema();
    this.#checkedSchema = schema;
    this.#checkedVersion = version;
    return true;
  }

  /**
   * To be called before the transaction of a write.
   *
   * @throws {SessionError} io when the WAL was emptied, or its index has no room.
   */
  checkBeforeTransaction(): void {
    if (this.walIndex === "copying" && !hasIndexRoom(this.file)) throw noIndexRoom(this.file);
    this.lookAtDisk();
    this.identity.checkWalStart(() => this.#unwrittenWalPages());
  }

  /**
   * Writes the WAL into the database where that is a good part of what SQLite itself would do soon within a
   * commit, for which all others wait longer. To be called outside of a transaction.
   *
   * @throws {SessionError} io when the WAL was emptied.
   */
  checkpointEarly(): void {
    this.checkBeforeTransaction();
    if (this.#unwrittenWalPages() < EARLY_CHECKPOINT_PAGES) return;
    try {
      this.client.pragma("wal_checkpoint(PASSIVE)");
    } catch {
      // Whatever is wrong with the file, the next write reports it to its caller.
    }
  }

  #unwrittenWalPages(): number {
    // Does nothing but count. An older SQLite takes it for PASSIVE, which fails where frames are lost.
    const [counts] = this.client.pragma("wal_checkpoint(NOOP)") as { log: number; checkpointed: number }[];
    return counts ? counts.log - counts.checkpointed : 0;
  }

  /** To be called outside of a transaction, before one. See `isDiskShort`. */
  lookAtDisk(): void {
    this.#room.look(() => restartWal(this.client));
  }

  /** Whether the disk has no room for more than what deleting needs, as of a short time ago. */
  get isDiskShort(): boolean {
    return this.#room.isShort;
  }

  close(): void {
    this.identity.close();
    if (this.reading) this.reading.close();
    else this.client.close();
    this.#release();
  }
}
