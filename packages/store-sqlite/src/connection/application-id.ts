import { SessionError } from "@thulp-sessions/core";
import { type MigrationMeta, readMigrationFiles } from "drizzle-orm/migrator";
import { MIGRATIONS_FOLDER } from "../migrations-folder.ts";

/** `thlp` in ASCII (PRAGMA application_id); at byte 68 of every database of this package. */
export const APPLICATION_ID = 0x74686c70;

let migrations: readonly MigrationMeta[] | undefined;

/** The migrations in order; `user_version` of a database is the number of those that were applied to it. */
export function knownMigrations(): readonly MigrationMeta[] {
  migrations ??= readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER });
  return migrations;
}

/** @throws {SessionError} unsupported when a newer version of this package has changed the tables. */
export function checkTablesVersion(file: string, version: number): void {
  const known = knownMigrations().length;
  // Less than 0 can only be written by somebody else.
  if (version >= 0 && version <= known) return;
  throw refused(
    file,
    `was written by a newer version of thulp-sessions: its tables are at version ${version}, this one knows ${known}. Use the newer version`,
  );
}

export function otherApplication(file: string): SessionError {
  return refused(file, "is the SQLite database of another program. Choose another file");
}

export function refused(file: string, why: string, details: { readonly field?: string } = {}): SessionError {
  return new SessionError("unsupported", `${file} ${why}. The file was left as it is.`, {
    details: { path: file, ...details },
  });
}
