import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { SessionError } from "@thulp-sessions/core";
import type { Driver } from "../connection/driver.ts";

/**
 * Copies the database as it is, before its tables are changed: `{file}.schema-{version}-{time}`, for the owner only. To be
 * called while the caller holds the write lock, so that it is what the migration begins with. Nothing ever reads or removes it
 * but people.
 *
 * @throws {SessionError} io, with nothing left of the copy; SQLite's errors of the file itself come through.
 */
export function copyBeforeMigration(driver: Driver, file: string, version: number): void {
  const copy = `${file}.schema-${version}-${Date.now()}`;
  const unfinished = `${copy}.tmp-${process.pid}`;
  const reader = driver.connect(file, { readonly: true, fileMustExist: true });
  try {
    // SQLite would make it readable by everybody; it takes an empty file that is there.
    closeSync(openSync(unfinished, "wx", 0o600));
    reader.prepare("VACUUM INTO ?").run(unfinished);
    sync(unfinished);
    renameSync(unfinished, copy);
  } catch (cause) {
    // There may be none, or none that could be.
    if (existsSync(unfinished)) rmSync(unfinished);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SessionError(
      "io",
      `${file} has tables of an earlier version, and the copy that is made before they are changed could not be written ` +
        `(${copy}): ${reason}. Nothing was changed: make room for a second file of that size, and open it again.`,
      { cause, details: { path: copy } },
    );
  } finally {
    reader.close();
  }
}

function sync(file: string): void {
  const descriptor = openSync(file, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
