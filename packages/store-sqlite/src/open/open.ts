import { isSessionError, SessionError } from "@thulp-sessions/core";
import { OPENED_READ_ONLY } from "@thulp-sessions/core/store";
import { whyReadOnly } from "../connection/access.ts";
import { Database } from "../connection/database.ts";
import { claimFile, sizeOf } from "../connection/database-file.ts";
import { type Client, type Connect, loadDriver } from "../connection/driver.ts";
import { allocateIndexBlocks } from "../connection/index-blocks.ts";
import { hasIndexRoom, type WalIndex, walIndexKindOf } from "../connection/index-room.ts";
import { refuseMountedFile } from "../connection/mounts.ts";
import type { Claim } from "../connection/open-files.ts";
import type { CheckedOptions } from "../connection/options.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { isWithoutIndex, sessionErrorOf } from "../connection/sqlite-errors.ts";
import { refuseDifference } from "../schema/compare-schema.ts";
import { remakeSearchIndex, searchIndexProblem } from "../schema/remake-search-index.ts";
import { prepareDatabaseFile } from "./check-file.ts";
import { copyBeforeMigration } from "./copy-before-migration.ts";
import { migrate } from "./migrate.ts";
import { openToRead } from "./open-to-read.ts";
import { refuseForeignWal } from "./refuse-foreign-wal.ts";
import { differenceOf } from "./schema-difference.ts";

/** A connection whose tables are up to date. */
interface Ready {
  readonly client: Client;
  readonly indexProblem: string | null;
  readonly walIndex: WalIndex;
}

/** @throws {SessionError} unsupported, corrupt, busy, io */
export async function openDatabase(options: CheckedOptions): Promise<Database> {
  const { file } = options;
  const connect = await loadDriver();
  refuseMountedFile(file);
  const readOnlyReason = options.readOnly ? OPENED_READ_ONLY : whyReadOnly(file);
  if (readOnlyReason !== null) return openToRead(connect, options, readOnlyReason);
  prepareDatabaseFile(connect, file);
  const kind = walIndexKindOf(file);
  const isFull = kind !== "safe" && !hasIndexRoom(file);
  await refuseForeignWal(connect, file, isFull ? null : file);
  const claim = claimFile(file);
  let ready: Ready | null = null;
  try {
    // Where other programs have it open, they have made the index, and keep it.
    ready = isFull ? await openAlone(connect, options) : null;
    ready ??= await openShared(connect, options, isFull, kind).catch(async (error: unknown) => {
      const alone = isWithoutIndex(error) ? await openAlone(connect, options) : null;
      if (alone) return alone;
      throw error;
    });
    const { client, indexProblem } = ready;
    const walIndex = ready.walIndex === "sparse" ? await allocated(claim, client, options) : ready.walIndex;
    const checkSchema = () => refuseDifference(file, differenceOf(connect, client, file));
    return new Database({ client, connect, checkSchema, claim, indexProblem, walIndex }, options);
  } catch (error) {
    ready?.client.close();
    claim.release();
    throw sessionErrorOf(error, file);
  }
}

/** @param isFull the disk: nothing more is looked at than has to be. */
async function openShared(
  connect: Connect,
  options: CheckedOptions,
  isFull: boolean,
  walIndex: WalIndex,
): Promise<Ready> {
  const { file, busyTimeoutMs } = options;
  if (!isFull) await refuseUnseen(connect, options);
  const client = connect(file, { fileMustExist: true });
  try {
    const indexProblem = await retryWhileBusy(file, busyTimeoutMs, () => setUp(connect, client, options));
    return { client, indexProblem, walIndex };
  } catch (error) {
    client.close();
    throw error;
  }
}

/** How long to wait for the database to be free: only programs that are just closing it go away. */
const ALONE_TIMEOUT_MS = 300;

/**
 * With the index of the WAL in the memory of this process instead of a file, which a full disk has no room
 * for: no other process can then have the database open.
 *
 * @returns `null` where one has.
 */
async function openAlone(connect: Connect, options: CheckedOptions): Promise<Ready | null> {
  const { file } = options;
  const client = connect(file, { fileMustExist: true });
  try {
    client.pragma("locking_mode = EXCLUSIVE");
    const indexProblem = await retryWhileBusy(file, ALONE_TIMEOUT_MS, () => setUp(connect, client, options));
    return { client, indexProblem, walIndex: "private" };
  } catch (error) {
    client.close();
    if (isSessionError(error, "busy")) return null;
    throw error;
  }
}

/** What is left to be watched where the blocks of the index were given their places; see index-room.ts. */
async function allocated(claim: Claim, client: Client, { file }: CheckedOptions): Promise<WalIndex> {
  const allocate = (): WalIndex => {
    client.exec("BEGIN IMMEDIATE");
    try {
      return claim.once(() => allocateIndexBlocks(`${file}-shm`)).areAllocated ? "safe" : "copying";
    } finally {
      client.exec("ROLLBACK");
    }
  };
  try {
    return await retryWhileBusy(file, ALONE_TIMEOUT_MS, allocate);
  } catch {
    // Somebody writes for so long, or nothing may be written here: the room is looked at before each write.
    return "copying";
  }
}

/**
 * A newer version of the tables, or what is not ours, may be in the WAL only, where the header of the file
 * does not show it. A read-only connection leaves both files as they are; another one would checkpoint the
 * WAL when it closes as the last one.
 */
async function refuseUnseen(connect: Connect, { file, busyTimeoutMs }: CheckedOptions): Promise<void> {
  if (sizeOf(`${file}-wal`) === 0) return;
  const reader = connect(file, { readonly: true, fileMustExist: true });
  try {
    await retryWhileBusy(file, busyTimeoutMs, () =>
      refuseDifference(file, differenceOf(connect, reader, file)),
    );
  } finally {
    reader.close();
  }
}

/**
 * Can be retried from the start: even a PRAGMA can meet a lock.
 *
 * @returns why the tables for search were rebuilt.
 */
function setUp(connect: Connect, client: Client, options: CheckedOptions): string | null {
  const { file, durability, deletion, leavesIndex, isCopy } = options;
  // FAST overwrites what is deleted in the pages that are written anyway, and costs nothing.
  client.pragma(`secure_delete = ${deletion === "secure" ? "ON" : "FAST"}`);
  client.pragma("synchronous = FULL");
  client.pragma("fullfsync = ON");
  // A migration that recreates a table must not trigger the cascades.
  client.pragma("foreign_keys = OFF");
  // Before the first statement that a trigger or a view could answer.
  refuseDifference(file, differenceOf(connect, client, file));
  // A new file gets its tables before WAL mode, so that its header has our application id from the first
  // commit on.
  migrate(client, file, (version) => {
    if (!isCopy) copyBeforeMigration(connect, file, version);
  });
  useWal(client, file);
  const { missingForSearch } = differenceOf(connect, client, file);
  const indexProblem = searchIndexProblem(client, missingForSearch);
  if (indexProblem !== null && !leavesIndex) remakeSearchIndex(connect, client, file);
  client.pragma("foreign_keys = ON");
  if (durability === "relaxed") client.pragma("synchronous = NORMAL");
  return indexProblem;
}

function useWal(client: Client, file: string): void {
  const mode = client.pragma("journal_mode = WAL", { simple: true });
  if (mode === "wal") return;
  throw new SessionError(
    "unsupported",
    `${file} is where SQLite cannot have a write-ahead log (journal mode ${mode}), a network folder for example. Choose a local disk.`,
    { details: { path: file } },
  );
}
