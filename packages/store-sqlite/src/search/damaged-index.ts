import { isSessionError, SessionError, type StoreWarning } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import { isSearchIndexError, remakeSearchIndex } from "../schema/remake-search-index.ts";

const FIELD = "search_index";

/** Says of an error of `use`, which uses nothing but the tables for search, that they are damaged. */
export function usingIndex<T>(file: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw isSearchIndexError(error) ? damagedIndex(file, error) : error;
  }
}

export function damagedIndex(file: string, cause: unknown): SessionError {
  return new SessionError(
    "corrupt",
    `${file}: the index for search is damaged: ${cause instanceof Error ? cause.message : cause}. No session depends on it.`,
    { cause, details: { path: file, field: FIELD } },
  );
}

/** @param problem what was wrong with it. */
export function indexRemade(file: string, problem: string): StoreWarning {
  return {
    code: "corrupt",
    message:
      `${file}: the index for search was damaged (${problem}) and was rebuilt; the next search, or the next program that ` +
      "writes, fills it. No session depends on it.",
    path: file,
  };
}

/** Files that are damaged elsewhere too, so that they are not looked through at every search. */
const damagedElsewhere = new WeakSet<Database>();

/**
 * Carries out `call`, and where it fails because the tables for search are damaged, rebuilds them and
 * carries it out again.
 *
 * @param onRemade called with what was wrong.
 */
export async function mendingIndex<T>(
  database: Database,
  onRemade: (error: SessionError) => void,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(await remakeIndexAfter(database, error, onRemade))) throw error;
    return call();
  }
}

/**
 * @returns false where `error` says nothing of the tables for search.
 * @throws {SessionError} corrupt where the file has other damage too: nothing is written then. busy, io.
 */
export async function remakeIndexAfter(
  database: Database,
  error: unknown,
  onRemade: (error: SessionError) => void,
): Promise<boolean> {
  if (!isSessionError(error, "corrupt") || error.details.field !== FIELD) return false;
  if (damagedElsewhere.has(database)) return false;
  const { client, connect, file, busyTimeoutMs } = database;
  try {
    await retryWhileBusy(file, busyTimeoutMs, () => {
      database.identity.check();
      remakeSearchIndex(connect, client, file);
    });
  } catch (cause) {
    if (isSessionError(cause, "corrupt")) damagedElsewhere.add(database);
    throw sessionErrorOf(cause, file);
  }
  onRemade(error);
  return true;
}
