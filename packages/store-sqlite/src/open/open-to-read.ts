import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { isSessionError, SessionError } from "@thulp-sessions/core";
import { knownMigrations } from "../connection/application-id.ts";
import { Database } from "../connection/database.ts";
import { claimFile, refuseLeftLog, sizeOf } from "../connection/database-file.ts";
import type { Client, Connect } from "../connection/driver.ts";
import { hasIndexRoom, walIndexKindOf } from "../connection/index-room.ts";
import { type Claim, isOpen } from "../connection/open-files.ts";
import type { CheckedOptions } from "../connection/options.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { isNotReadable, sessionErrorOf } from "../connection/sqlite-errors.ts";
import { refuseDifference } from "../schema/compare-schema.ts";
import { remakeSearchIndex, searchIndexProblem } from "../schema/remake-search-index.ts";
import { checkDatabaseHeader } from "./check-file.ts";
import { checkedVersion, migrate } from "./migrate.ts";
import { copyPrivately, inTermsOf, type PrivateCopy } from "./private-copy.ts";
import { refuseForeignWal } from "./refuse-foreign-wal.ts";
import { differenceOf } from "./schema-difference.ts";

// SQLite reads a database in WAL mode only together with the index of its log (`-shm`), which it makes where
// there is none. So where it may be read, by what is there:
//
// log and index  in place: some program has it open, or was killed. Others' writes are seen.
// no log         in place where the folder may be written to: SQLite makes both files, and they are removed
//                with the last connection. Others' writes are seen.
// anything else  from a private copy, which shows one moment: the folder may not be written to, or a log is
// left
//                that nobody may write into the database. Also where the tables are of an earlier version, or
//                those for search are lost: both are mended in the copy.

/**
 * Opens a database without changing anything in it, its log, or what is beside them.
 *
 * @param reason why nothing may be written, as a clause that ends a sentence.
 * @throws {SessionError} unsupported, corrupt, busy, io
 */
export async function openToRead(
  connect: Connect,
  options: CheckedOptions,
  reason: string,
): Promise<Database> {
  const { file } = options;
  try {
    refuseMissing(file);
    if (!isOpen(file)) checkDatabaseHeader(connect, file);
    const inPlace = isReadableInPlace(file) ? await openInPlace(connect, options, reason) : null;
    return inPlace ?? (await openCopy(connect, options, reason));
  } catch (error) {
    throw readError(error, file, reason);
  }
}

/** Whether SQLite can read the file where it is, without leaving anything behind that was not there. */
export function isReadableInPlace(file: string): boolean {
  // Only SQLite may read a file that this process has open.
  if (isOpen(file)) return true;
  // Where the index has no room, mapping it could end the process.
  if (walIndexKindOf(file) !== "safe" && !hasIndexRoom(file)) return false;
  const has = (suffix: string) => statSync(file + suffix, { throwIfNoEntry: false }) !== undefined;
  if (has("-wal") && has("-shm")) return true;
  return sizeOf(`${file}-wal`) === 0 && sizeOf(`${file}-journal`) === 0 && mayMakeLog(file);
}

/** @returns `null` where it has to be read from a copy after all. */
async function openInPlace(
  connect: Connect,
  options: CheckedOptions,
  readOnlyReason: string,
): Promise<Database | null> {
  const { file, busyTimeoutMs, leavesIndex } = options;
  await refuseForeignWal(connect, file);
  const isAtRest = sizeOf(`${file}-wal`) === 0;
  const claim = claimFile(file);
  let client: Client | undefined;
  const close = () => {
    client?.close();
    if (isAtRest) removeEmptyLog(connect, file);
    claim.release();
  };
  try {
    const opened = connect(file, { readonly: true, fileMustExist: true });
    client = opened;
    const indexProblem = await retryWhileBusy(file, busyTimeoutMs, () => {
      const difference = differenceOf(connect, opened, file);
      refuseDifference(file, difference);
      if (checkedVersion(opened, file) !== knownMigrations().length) return "other tables";
      return searchIndexProblem(opened, difference.missingForSearch);
    });
    if (indexProblem !== null && !(leavesIndex && indexProblem !== "other tables")) {
      close();
      return isOpen(file) ? refuseToCopy(file, indexProblem) : null;
    }
    const checkSchema = () => {};
    const parts = { client, connect, checkSchema, indexProblem, walIndex: "safe" } as const;
    const reading = { readOnlyReason, isCopy: false, close };
    return new Database({ ...parts, claim, reading }, options);
  } catch (error) {
    close();
    if (isNotReadable(error) && !isOpen(file)) return null;
    throw error;
  }
}

async function openCopy(
  connect: Connect,
  options: CheckedOptions,
  readOnlyReason: string,
): Promise<Database> {
  const { file, leavesIndex } = options;
  const copy = await copyPrivately(file);
  let client: Client | undefined;
  try {
    await refuseForeignWal(connect, file, copy.file);
    const indexProblem = prepareCopy(connect, copy, leavesIndex);
    client = connect(copy.file, { readonly: true, fileMustExist: true });
    // From then on it is open, and needs no name.
    client.pragma("schema_version");
    if (process.platform !== "win32") copy.remove();
    const parts = { client, connect, checkSchema: () => {}, indexProblem, walIndex: "safe" } as const;
    const opened = client;
    const close = () => {
      opened.close();
      copy.remove();
    };
    const reading = { readOnlyReason, isCopy: true, close };
    return new Database({ ...parts, claim: claimOfNothing(file), reading }, options);
  } catch (error) {
    client?.close();
    copy.remove();
    throw inTermsOf(file, copy, sessionErrorOf(error, file));
  }
}

/**
 * Writes the log into the copy, brings its tables to this version, and rebuilds those for search where they
 * are lost.
 *
 * @returns what is wrong with those for search and was left.
 */
function prepareCopy(connect: Connect, { file }: PrivateCopy, leavesIndex: boolean): string | null {
  const client = connect(file, { fileMustExist: true });
  try {
    client.pragma("foreign_keys = OFF");
    refuseDifference(file, differenceOf(connect, client, file));
    client.pragma("journal_mode = DELETE");
    migrate(client, file, () => {});
    const { missingForSearch } = differenceOf(connect, client, file);
    const indexProblem = searchIndexProblem(client, missingForSearch);
    if (indexProblem !== null && !leavesIndex) remakeSearchIndex(connect, client, file);
    return leavesIndex ? indexProblem : null;
  } finally {
    client.close();
  }
}

/** SQLite removes both files with its last connection, but not with one that may only read. */
function removeEmptyLog(connect: Connect, file: string): void {
  try {
    if (sizeOf(`${file}-wal`) > 0 || statSync(file).size === 0) return;
    const client = connect(file, { fileMustExist: true });
    try {
      client.pragma("schema_version");
    } finally {
      client.close();
    }
  } catch {
    // Others have it open, or it is gone: then they are theirs.
  }
}

/** The original is not held open: nothing of this process is to rely on its locks. */
function claimOfNothing(file: string): Claim {
  const { ino } = statSync(file, { bigint: true });
  return { inode: ino, release: () => {}, once: (begin) => begin() };
}

function mayMakeLog(file: string): boolean {
  try {
    for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function refuseMissing(file: string): void {
  refuseLeftLog(file);
  if (statSync(file, { throwIfNoEntry: false })) return;
  throw new SessionError("io", `There is no file ${file}, and what is opened to be only read is not made.`, {
    details: { path: file },
  });
}

function refuseToCopy(file: string, problem: string): never {
  throw new SessionError(
    "unsupported",
    `${file} cannot be opened to be only read while this process has it open: ${problem}.`,
    { details: { path: file } },
  );
}

function readError(error: unknown, file: string, reason: string): unknown {
  if (isSessionError(error) || !(error instanceof Error && "syscall" in error))
    return sessionErrorOf(error, file);
  return new SessionError("io", `${file} cannot be opened: ${error.message}; ${reason}.`, {
    cause: error,
    details: { path: file },
  });
}
