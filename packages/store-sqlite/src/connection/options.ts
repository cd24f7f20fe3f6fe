import { resolve } from "node:path";
import type { WarningListener } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";

export interface SqliteStoreOptions {
  /** The database file, relative to the working directory. It and its folders are made where they are missing. */
  readonly file: string;
  /**
   * What an acknowledged write survives. `full` (the default): the loss of power. `relaxed`: the end of the process,
   * `kill -9` included; a loss of power may take the last writes, but never a part of one.
   */
  readonly durability?: "full" | "relaxed" | undefined;
  /** How long a call waits while another process holds the file, in milliseconds; 5000 when absent. Then: `busy`. */
  readonly busyTimeoutMs?: number | undefined;
  /**
   * Leaves the index for search as it is, to be brought up to date by the next search or the next process that writes: for
   * writing very much at once, of which it would take a quarter of the time.
   */
  readonly indexLater?: boolean | undefined;
  /** Hears of what is no reason to fail a call, e.g. a session left out of a list because its row is damaged. */
  readonly onWarning?: WarningListener | undefined;
}

export interface CheckedOptions {
  /** Absolute. */
  readonly file: string;
  readonly durability: "full" | "relaxed";
  readonly busyTimeoutMs: number;
  readonly indexLater: boolean;
  readonly onWarning: WarningListener | undefined;
}

const DEFAULT_BUSY_TIMEOUT_MS = 5000;

/**
 * @throws {TypeError} when an option has the wrong type.
 * @throws {SessionError} invalid_input for a name that cannot be that of a database file.
 */
export function checkOptions(options: SqliteStoreOptions): CheckedOptions {
  const { file, durability = "full", busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS } = options;
  const { indexLater = false, onWarning } = options;
  if (typeof file !== "string")
    throw new TypeError("openSqliteStore: file is the path of the database file.");
  if (durability !== "full" && durability !== "relaxed")
    throw new TypeError('openSqliteStore: durability is "full" or "relaxed".');
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 0)
    throw new TypeError("openSqliteStore: busyTimeoutMs is a whole number of milliseconds from 0.");
  if (typeof indexLater !== "boolean") throw new TypeError("openSqliteStore: indexLater is true or false.");
  if (onWarning !== undefined && typeof onWarning !== "function")
    throw new TypeError("openSqliteStore: onWarning is a function.");
  if (file === ":memory:") {
    throw invalidInput(
      'file: ":memory:" would keep nothing. For sessions in memory use the store "memory:" (MemoryStore of @thulp-sessions/core/memory).',
      { field: "file" },
    );
  }
  if (file === "") throw invalidInput("file: the path of the database file is empty.", { field: "file" });
  // better-sqlite3 cuts white space off both ends of the path and would open another file.
  if (file.includes("\0") || resolve(file).trim() !== resolve(file)) {
    throw invalidInput(
      `file: ${JSON.stringify(file)} ends in white space or holds a NUL character; choose another name.`,
      { field: "file" },
    );
  }
  return { file: resolve(file), durability, busyTimeoutMs, indexLater, onWarning };
}
