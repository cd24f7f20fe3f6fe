import type { SessionStore } from "@thulp-sessions/core";
import { openTuned } from "./open-tuned.ts";
import type { PostgresStoreOptions } from "./options.ts";

/**
 * Opens a database, and makes or updates its tables where they are missing or old. Any number of stores, in
 * any number of processes on any number of machines, may have the same database open.
 *
 * @throws {SessionError} invalid_input for a URL that is none; unsupported for a server or tables that cannot
 *   be used; busy, io.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<SessionStore> {
  return openTuned(options, { optimistic: true });
}
