import { resolve } from "node:path";
import type { WarningListener } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { realPath } from "./real-path.ts";

type Deletion = "fast" | "secure";

export interface SqliteStoreOptions {
  /**
   * The database file, relative to the working directory. It and its folders are created where they are
   * missing.
   */
  readonly file: string;
  /**
   * What an acknowledged write survives. `full`, the default: a power loss. `relaxed`: the end of the
   * process, `kill -9` included; a power loss may take the last writes, but never a part of one.
   */
  readonly durability?: "full" | "relaxed" | undefined;
  /**
   * What deleting leaves behind. `fast`, the default: the space of what was deleted, dropped or replaced is
   * free, and its text may stand there, in the write-ahead log and in the index for search until it is used
   * again. `secure`: none of these has the text any more when the call has returned, unless another program
   * has the file open. See docs/privacy.md for what it costs.
   */
  readonly deletion?: Deletion | undefined;
  /**
   * How long a call waits for the lock of another process before it fails with `busy`, in ms. Default: 5000.
   */
  readonly busyTimeoutMs?: number | undefined;
  /**
   * Leaves the index for search to the next search, or to the next process that writes. For bulk imports, of
   * which indexing would take a quarter of the time. Default: false.
   */
  readonly indexLater?: boolean | undefined;
  /**
   * Changes nothing and refuses every call that would. False when absent; a database that this process may
   * not write is opened so by itself.
   */
  readonly readOnly?: boolean | undefined;
  /**
   * Called for problems that fail no call, e.g. a session that a list leaves out because its row is damaged.
   */
  readonly onWarning?: WarningListener | undefined;
}

export interface CheckedOptions {
  /** Absolute, and without symbolic links: the files beside it are compared by their paths. */
  readonly file: string;
  /** The same file as the caller calls it, absolute; a name for people. */
  readonly givenFile: string;
  readonly durability: "full" | "relaxed";
  readonly deletion: Deletion;
  readonly busyTimeoutMs: number;
  readonly indexLater: boolean;
  readonly readOnly: boolean;
  readonly onWarning: WarningListener | undefined;
  /** For a check: leaves lost or damaged tables for search as they are. */
  readonly leavesIndex: boolean;
  /** For a copy that is made to be opened: no other is made before its tables are changed. */
  readonly isCopy: boolean;
}

const DEFAULT_BUSY_TIMEOUT_MS = 5000;

/**
 * @throws {TypeError} when an option has the wrong type.
 * @throws {SessionError} invalid_input for a name that cannot be that of a database file.
 */
export function checkOptions(options: SqliteStoreOptions): CheckedOptions {
  const { file, durability = "full", busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS } = options;
  const { indexLater = false, deletion = "fast", readOnly = false, onWarning } = options;
  if (typeof file !== "string")
    throw new TypeError("openSqliteStore: file is the path of the database file.");
  if (durability !== "full" && durability !== "relaxed")
    throw new TypeError('openSqliteStore: durability is "full" or "relaxed".');
  if (deletion !== "fast" && deletion !== "secure")
    throw new TypeError('openSqliteStore: deletion is "fast" or "secure".');
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 0)
    throw new TypeError("openSqliteStore: busyTimeoutMs is a whole number of milliseconds from 0.");
  if (typeof indexLater !== "boolean") throw new TypeError("openSqliteStore: indexLater is true or false.");
  if (typeof readOnly !== "boolean") throw new TypeError("openSqliteStore: readOnly is true or false.");
  if (onWarning !== undefined && typeof onWarning !== "function")
    throw new TypeError("openSqliteStore: onWarning is a function.");
  const problem = problemOf(file) ?? problemOf(realPath(file));
  if (problem) throw invalidInput(`file: ${problem}`, { field: "file" });
  return {
    file: realPath(file),
    givenFile: resolve(file),
    durability,
    deletion,
    busyTimeoutMs,
    indexLater,
    readOnly,
    onWarning,
    leavesIndex: false,
    isCopy: false,
  };
}

function problemOf(file: string): string | undefined {
  if (file === "") return "the path of the database file is empty.";
  if (file === ":memory:")
    return (
      '":memory:" would keep nothing. For sessions in memory use the store "memory:" ' +
      "(MemoryStore of @thulp-sessions/core/memory)."
    );
  // better-sqlite3 trims the path and would open another file.
  if (file.includes("\0") || resolve(file).trim() !== resolve(file))
    return `${JSON.stringify(file)} ends in white space or holds a NUL character; choose another name.`;
  return undefined;
}
