import type { WarningListener } from "@thulp-sessions/core";
import { type Durability, invalidInput, Warnings } from "@thulp-sessions/core/store";
import { Database } from "./connection/database.ts";
import { parsePostgresUrl } from "./connection/postgres-url.ts";
import { migrate } from "./open/migrate.ts";
import { checkServer, forgetForeignCommits } from "./open/server-settings.ts";
import { PostgresStore, type StoreTuning } from "./postgres-store.ts";

export interface PostgresStoreOptions {
  /**
   * `postgres://USER@HOST:PORT/DATABASE`, with parameters: docs/postgres.md. Where it holds no password, that
   * of PGPASSWORD or `~/.pgpass` is taken.
   */
  readonly url: string;
  /** In place of one in the URL. */
  readonly password?: string | undefined;
  /**
   * `full` when absent: a write is answered when it is as safe as the server's `synchronous_commit` makes it,
   * at least on its disk. `relaxed`: the last fraction of a second may be lost when the server's machine is.
   */
  readonly durability?: Durability | undefined;
  /** How long a call is repeated while the server is away, in ms: at most 300,000, and 10,000 when absent. */
  readonly retryForMs?: number | undefined;
  /** Called with what a person should know but fails no call. */
  readonly onWarning?: WarningListener | undefined;
}

const RETRY_FOR_MS = 10_000;
/** The receipts of commits are kept for longer. */
const MAX_RETRY_FOR_MS = 5 * 60_000;

/**
 * Opens a database, and makes or updates its tables where they are missing or old. Any number of stores, in
 * any number of processes on any number of machines, may have the same database open.
 *
 * @throws {SessionError} invalid_input for a URL that is none; unsupported for a server or tables that cannot
 *   be used; busy, io.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  return openTuned(options, { optimistic: true });
}

/** @internal For tests. */
export async function openTuned(
  { url, password, durability = "full", retryForMs = RETRY_FOR_MS, onWarning }: PostgresStoreOptions,
  tuning: StoreTuning,
): Promise<PostgresStore> {
  if (!(retryForMs >= 0 && retryForMs <= MAX_RETRY_FOR_MS))
    throw invalidInput(`retryForMs: expected a number from 0 to ${MAX_RETRY_FOR_MS}.`, {
      field: "retryForMs",
    });
  const settings = parsePostgresUrl(url, password);
  // There is no store yet whose warnings they could be.
  let warnings = new Warnings();
  if (onWarning) warnings.listen(onWarning);
  const database = new Database(settings, {
    durability,
    retryForMs,
    warn: (message) => warnings.emit({ code: "io", message }),
  });
  try {
    await checkServer(database);
    database.isOpened = true;
    await migrate(database, settings.migrate);
    await forgetForeignCommits(database);
    const store = new PostgresStore(database, tuning);
    if (onWarning) store.warnings.listen(onWarning);
    warnings = store.warnings;
    return store;
  } catch (error) {
    await database.close();
    throw error;
  }
}
