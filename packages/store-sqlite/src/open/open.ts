import { SessionError } from "@thulp-sessions/core";
import { checkTablesVersion } from "../connection/application-id.ts";
import { Database } from "../connection/database.ts";
import { claimFile, sizeOf } from "../connection/database-file.ts";
import { type Client, type Connect, loadDriver } from "../connection/driver.ts";
import type { CheckedOptions } from "../connection/options.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import { copyBeforeMigration } from "./copy-before-migration.ts";
import { migrate } from "./migrate.ts";

/** @throws {SessionError} unsupported, corrupt, busy, io */
export async function openDatabase(options: CheckedOptions): Promise<Database> {
  const { file, busyTimeoutMs } = options;
  const connect = await loadDriver();
  const release = claimFile(file);
  let client: Client | undefined;
  try {
    await refuseNewer(connect, options);
    const opened = connect(file, { fileMustExist: true });
    client = opened;
    await retryWhileBusy(file, busyTimeoutMs, () => setUp(connect, opened, options));
    return new Database(opened, options, release);
  } catch (error) {
    client?.close();
    release();
    throw sessionErrorOf(error, file);
  }
}

/**
 * A newer version of the tables may be in the WAL only, where the header of the file does not show it. A
 * read-only connection leaves both files as they are; another one would checkpoint the WAL when it closes as
 * the last one.
 */
async function refuseNewer(connect: Connect, { file, busyTimeoutMs }: CheckedOptions): Promise<void> {
  if (sizeOf(`${file}-wal`) === 0) return;
  const reader = connect(file, { readonly: true, fileMustExist: true });
  try {
    const version = await retryWhileBusy(file, busyTimeoutMs, () =>
      reader.pragma("user_version", { simple: true }),
    );
    checkTablesVersion(file, version as number);
  } finally {
    reader.close();
  }
}

/** Can be retried from the start: even a PRAGMA can meet a lock. */
function setUp(connect: Connect, client: Client, { file, durability }: CheckedOptions): void {
  client.pragma("synchronous = FULL");
  client.pragma("fullfsync = ON");
  // A migration that recreates a table must not trigger the cascades.
  client.pragma("foreign_keys = OFF");
  // A new file gets its tables before WAL mode, so that its header has our application id from the first
  // commit on.
  migrate(client, file, (version) => copyBeforeMigration(connect, file, version));
  useWal(client, file);
  client.pragma("foreign_keys = ON");
  if (durability === "relaxed") client.pragma("synchronous = NORMAL");
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
