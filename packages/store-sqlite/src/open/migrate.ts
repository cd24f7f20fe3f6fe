import {
  APPLICATION_ID,
  checkTablesVersion,
  knownMigrations,
  otherApplication,
} from "../connection/application-id.ts";
import type { Client } from "../connection/driver.ts";
import { applyMigrations } from "../schema/expected-schema.ts";

/**
 * Brings the tables to this version, in one transaction. drizzle's own migrator checks what was applied
 * before it begins its transaction, so two processes that open a new file at the same moment would both apply
 * everything.
 *
 * @param copy called before tables with sessions in them are changed, with the version that they have.
 * @throws {SessionError} unsupported, and nothing is changed. @throws errors of SQLite, `SQLITE_BUSY` among
 *   them.
 */
export function migrate(client: Client, file: string, copy: (version: number) => void): void {
  const migrations = knownMigrations();
  if (checkedVersion(client, file) === migrations.length) return;
  client.exec("BEGIN IMMEDIATE");
  try {
    const version = checkedVersion(client, file);
    // Another process may have done it in the meantime.
    if (version === migrations.length) return;
    if (version > 0 && client.prepare("SELECT 1 FROM sessions LIMIT 1").get() !== undefined) copy(version);
    applyMigrations(client, version, migrations.length);
    client.exec(
      `PRAGMA user_version = ${migrations.length}; PRAGMA application_id = ${APPLICATION_ID}; COMMIT`,
    );
  } finally {
    if (client.inTransaction) client.exec("ROLLBACK");
  }
}

/** @throws {SessionError} unsupported for the file of another program or of a newer version. */
export function checkedVersion(client: Client, file: string): number {
  const isOurs = client.pragma("application_id", { simple: true }) === APPLICATION_ID;
  const isEmpty = client.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0;
  if (!isOurs && !isEmpty) throw otherApplication(file);
  const version = client.pragma("user_version", { simple: true }) as number;
  checkTablesVersion(file, version);
  return version;
}
