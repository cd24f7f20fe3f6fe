import { SessionError } from "@thulp-sessions/core";
import { Database } from "../connection/database.ts";
import { claimFile, sizeOf } from "../connection/database-file.ts";
import { type Client, type Connect, loadDriver } from "../connection/driver.ts";
import type { CheckedOptions } from "../connection/options.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import { refuseDifference } from "../schema/compare-schema.ts";
import { remakeSearchIndex, searchIndexProblem } from "../schema/remake-search-index.ts";
import { prepareDatabaseFile } from "./check-file.ts";
import { copyBeforeMigration } from "./copy-before-migration.ts";
import { migrate } from "./migrate.ts";
import { refuseForeignWal } from "./refuse-foreign-wal.ts";
import { differenceOf } from "./schema-difference.ts";

/** @throws {SessionError} unsupported, corrupt, busy, io */
export async function openDatabase(options: CheckedOptions): Promise<Database> {
  const { file, busyTimeoutMs } = options;
  const connect = await loadDriver();
  prepareDatabaseFile(connect, file);
  await refuseForeignWal(connect, file);
  const claim = claimFile(file);
  let client: Client | undefined;
  try {
    await refuseUnseen(connect, options);
    const opened = connect(file, { fileMustExist: true });
    client = opened;
    const indexProblem = await retryWhileBusy(file, busyTimeoutMs, () => setUp(connect, opened, options));
    const checkSchema = () => refuseDifference(file, differenceOf(connect, opened, file));
    return new Database({ client: opened, connect, checkSchema, claim, indexProblem }, options);
  } catch (error) {
    client?.close();
    claim.release();
    throw sessionErrorOf(error, file);
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
 * @returns why the tables for search were made anew.
 */
function setUp(connect: Connect, client: Client, options: CheckedOptions): string | null {
  const { file, durability, leavesIndex, isCopy } = options;
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
