import { SessionError } from "@thulp-sessions/core";
import { checkVersion } from "../connection/application-id.ts";
import { Database } from "../connection/database.ts";
import { claimFile, sizeOf } from "../connection/database-file.ts";
import { type Client, type Driver, loadDriver } from "../connection/driver.ts";
import type { CheckedOptions } from "../connection/options.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import { copyBeforeMigration } from "./copy-before-migration.ts";
import { migrate } from "./migrate.ts";

/** @throws {SessionError} unsupported, corrupt, busy, io */
export async function openDatabase(options: CheckedOptions): Promise<Database> {
  const { file, busyTimeoutMs } = options;
  const driver = await loadDriver();
  const release = claimFile(file);
  let client: Client | undefined;
  try {
    await refuseNewer(driver, options);
    const opened = driver.connect(file, { fileMustExist: true });
    client = opened;
    await retryWhileBusy(file, busyTimeoutMs, () => setUp(driver, opened, options));
    return new Database(opened, driver.orm(opened), options, release);
  } catch (error) {
    client?.close();
    release();
    throw sessionErrorOf(error, file);
  }
}

/**
 * A newer version may stand in the log only, where the header does not show it. A connection that only reads leaves
 * both files as they are; the last one that writes would bring the log into the file as it closes.
 */
async function refuseNewer(driver: Driver, { file, busyTimeoutMs }: CheckedOptions): Promise<void> {
  if (sizeOf(`${file}-wal`) === 0) return;
  const reader = driver.connect(file, { readonly: true, fileMustExist: true });
  try {
    const version = await retryWhileBusy(file, busyTimeoutMs, () =>
      reader.pragma("user_version", { simple: true }),
    );
    checkVersion(file, version as number);
  } finally {
    reader.close();
  }
}

/** May be begun again from the start. Even a PRAGMA can meet a lock. */
function setUp(driver: Driver, client: Client, { file, durability }: CheckedOptions): void {
  client.pragma("synchronous = FULL");
  client.pragma("fullfsync = ON");
  // A migration that copies a table anew must not set off the cascades.
  client.pragma("foreign_keys = OFF");
  // A new file gets its tables before WAL: from its first commit on, its header says whose it is.
  migrate(client, file, (version) => copyBeforeMigration(driver, file, version));
  useWal(client, file);
  client.pragma("foreign_keys = ON");
  if (durability === "relaxed") client.pragma("synchronous = NORMAL");
}

function useWal(client: Client, file: string): void {
  const mode = client.pragma("journal_mode = WAL", { simple: true });
  if (mode === "wal") return;
  throw new SessionError(
    "unsupported",
    `${file} lies where SQLite cannot keep a write-ahead log (journal mode ${mode}), a network folder for example. Choose a local disk.`,
    { details: { path: file } },
  );
}
