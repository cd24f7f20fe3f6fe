import { invalidInput, Warnings } from "@thulp-sessions/core/store";
import { Database } from "./connection/database.ts";
import { parsePostgresUrl } from "./connection/postgres-url.ts";
import { migrate } from "./open/migrate.ts";
import { checkServer, forgetForeignCommits } from "./open/server-settings.ts";
import type { PostgresStoreOptions } from "./options.ts";
import { PostgresStore, type StoreTuning } from "./postgres-store.ts";

const RETRY_FOR_MS = 10_000;
/** The receipts of commits are kept for longer. */
const MAX_RETRY_FOR_MS = 5 * 60_000;

/** As `openPostgresStore`, with what only tests and measurements choose. */
export async function openTuned(options: PostgresStoreOptions, tuning: StoreTuning): Promise<PostgresStore> {
  const { url, password, durability = "full", retryForMs = RETRY_FOR_MS, readOnly = false } = options;
  const { onWarning } = options;
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
    await migrate(database, settings.migrate && !readOnly);
    if (!readOnly) await forgetForeignCommits(database);
    const store = new PostgresStore(database, { ...tuning, readOnly });
    if (onWarning) store.warnings.listen(onWarning);
    warnings = store.warnings;
    return store;
  } catch (error) {
    await database.close();
    throw error;
  }
}
