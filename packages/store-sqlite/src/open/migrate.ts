import { APPLICATION_ID, checkVersion, knownMigrations, notOurs } from "../connection/application-id.ts";
import type { Client } from "../connection/driver.ts";

/**
 * Brings the tables to this version, in one transaction. drizzle's own migrator looks at what was applied before it begins its
 * transaction; two processes that open a new file at the same moment would both apply everything.
 *
 * @param copy called before tables with sessions in them are changed, with the version that they have.
 * @throws {SessionError} unsupported, with nothing changed. SQLite's errors, `SQLITE_BUSY` among them, come through.
 */
export function migrate(client: Client, file: string, copy: (version: number) => void): void {
  const migrations = knownMigrations();
  if (checkedVersion(client, file) === migrations.length) return;
  client.exec("BEGIN IMMEDIATE");
  try {
    const version = checkedVersion(client, file);
    // Another process may have been quicker.
    if (version === migrations.length) return;
    if (version > 0 && client.prepare("SELECT 1 FROM sessions LIMIT 1").get() !== undefined) copy(version);
    for (const { sql } of migrations.slice(version)) {
      for (const statement of sql) client.exec(statement);
    }
    client.exec(
      `PRAGMA user_version = ${migrations.length}; PRAGMA application_id = ${APPLICATION_ID}; COMMIT`,
    );
  } finally {
    if (client.inTransaction) client.exec("ROLLBACK");
  }
}

function checkedVersion(client: Client, file: string): number {
  const isOurs = client.pragma("application_id", { simple: true }) === APPLICATION_ID;
  const isEmpty = client.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0;
  if (!isOurs && !isEmpty) throw notOurs(file);
  const version = client.pragma("user_version", { simple: true }) as number;
  checkVersion(file, version);
  return version;
}
