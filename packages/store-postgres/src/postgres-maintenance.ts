import type { DatabaseMaintenance } from "@thulp-sessions/core/store";
import { Database } from "./connection/database.ts";
import { parsePostgresUrl } from "./connection/postgres-url.ts";
import { checkDatabase } from "./maintenance/check-database.ts";
import { migrate } from "./open/migrate.ts";
import { checkServer } from "./open/server-settings.ts";
import { SessionList } from "./query/session-list.ts";

/**
 * What maintains the tables of a database. Its findings are `damaged`, and `stale_index` for what follows
 * from other tables and is not as it should be.
 *
 * @throws {SessionError} invalid_input for a URL that is none.
 */
export function postgresMaintenance({
  url,
  password,
}: {
  readonly url: string;
  readonly password?: string | undefined;
}): DatabaseMaintenance {
  const settings = parsePostgresUrl(url, password);
  const withDatabase = async <T>(work: (database: Database) => Promise<T>): Promise<T> => {
    const database = new Database(settings, { durability: "full", retryForMs: 0, warn: () => {} });
    try {
      await checkServer(database);
      return await work(database);
    } finally {
      await database.close();
    }
  };
  return {
    kind: "postgres",
    unit: "database",
    place: settings.location,
    check: () =>
      withDatabase(async (database) => {
        await migrate(database, false);
        const findings: { kind: string; sessionId?: string; reason: string }[] = [];
        const list = new SessionList(database, ({ message, details: { sessionId } }) =>
          findings.push({ kind: "damaged", reason: message, ...(sessionId !== undefined && { sessionId }) }),
        );
        return [...(await checkDatabase(database, list)), ...findings];
      }),
    migrate: () => withDatabase(async (database) => ({ applied: await migrate(database, true) })),
  };
}
