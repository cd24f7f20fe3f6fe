import { SessionError, type SessionErrorCode } from "@thulp-sessions/core";

/** better-sqlite3's SqliteError, known by its name: its class can only be had with the native binding. */
interface SqliteError extends Error {
  readonly code: string;
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && error.name === "SqliteError";
}

/** Another connection holds a lock that this call needs; trying again helps. */
export function isBusy(error: unknown): boolean {
  return isSqliteError(error) && /^SQLITE_(BUSY|PROTOCOL)/.test(error.code);
}

/** What is read is no database, or a damaged one. */
export function isCorrupt(error: unknown): boolean {
  return isSqliteError(error) && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
}

/** The index of the WAL could not be made, as on a full disk. */
export function isWithoutIndex(error: unknown): boolean {
  return isSqliteError(error) && /^SQLITE_(IOERR_SHM|FULL)/.test(error.code);
}

/**
 * What may only be read cannot be read here: SQLite would have to make the log or its index, or to write it.
 */
export function isNotReadable(error: unknown): boolean {
  return isSqliteError(error) && /^SQLITE_(CANTOPEN|READONLY|PERM|IOERR)/.test(error.code);
}

/**
 * The error that a caller gets: a {@link SessionError} with the file for an error of SQLite, any other as it
 * is.
 */
export function sessionErrorOf(error: unknown, file: string, sessionId?: string): unknown {
  if (!isSqliteError(error)) return error;
  const [, code, advice] = MEANINGS.find(([codes]) => codes.test(error.code)) ?? OTHER;
  const details = { path: file, ...(sessionId === undefined ? {} : { sessionId }) };
  const subject = sessionId === undefined ? file : `${file} (session ${sessionId})`;
  return new SessionError(code, `${subject}: ${advice} SQLite says: ${error.message} (${error.code}).`, {
    cause: error,
    details,
  });
}

/** The same for an error of COMMIT, which may have written the WAL before it failed, e.g. in the sync. */
export function commitError(error: unknown, file: string): unknown {
  if (!isSqliteError(error) || !error.code.startsWith("SQLITE_IOERR")) return sessionErrorOf(error, file);
  return new SessionError(
    "io",
    `${file}: the disk failed while the call was committed, so that it is not certain whether it was kept: look at the ` +
      `session before you retry, or retry an append with the same ids. SQLite says: ${error.message} (${error.code}).`,
    { cause: error, details: { path: file } },
  );
}

export function busyError(file: string, waitedMs: number, cause: unknown): SessionError {
  return new SessionError(
    "busy",
    `${file} was held by another process for all of ${waitedMs} ms. Nothing was done; try again, or open the store with a greater busyTimeoutMs.`,
    { cause, details: { path: file } },
  );
}

/** @param place the part of the session that cannot be read, e.g. `entries[3].content`. */
export function corruptError(file: string, sessionId: string, place: string, cause?: unknown): SessionError {
  return new SessionError(
    "corrupt",
    `${file}: ${place} of session ${sessionId} is damaged. The file was left as it is; take a copy of it before anything else.`,
    { cause, details: { path: file, sessionId, field: place } },
  );
}

const MEANINGS: readonly [codes: RegExp, code: SessionErrorCode, advice: string][] = [
  [
    /^SQLITE_(CORRUPT|NOTADB|FORMAT)/,
    "corrupt",
    "the database is damaged. It was left as it is; take a copy of it before anything else.",
  ],
  [/^SQLITE_FULL/, "io", "the disk is full. Nothing of this call was kept."],
  [
    /^SQLITE_IOERR_SHM/,
    "io",
    "the index of its write-ahead log (-shm) cannot be made or written: the disk is full, or the rights on the folder do not allow it.",
  ],
  [
    /^SQLITE_(READONLY|PERM|AUTH)/,
    "io",
    "the database cannot be written. Check the rights on the file and its folder.",
  ],
  [/^SQLITE_CANTOPEN/, "io", "the database cannot be opened. Check the path and the rights on its folder."],
  [/^SQLITE_(BUSY|PROTOCOL)/, "busy", "another process holds the database."],
];
const OTHER = [/./, "io", "the database cannot do this."] as const;
