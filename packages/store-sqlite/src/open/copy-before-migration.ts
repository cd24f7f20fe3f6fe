import { existsSync, renameSync, rmSync } from "node:fs";
import { SessionError } from "@thulp-sessions/core";
import { createPrivately, syncFile } from "../connection/database-file.ts";
import type { Connect } from "../connection/driver.ts";

/**
 * Copies the database before its tables are changed, to `{file}.schema-{version}-{time}`, for the owner only.
 * To be called while the caller holds the write lock, so that the copy is what the migration starts from. No
 * program reads or removes these copies.
 *
 * @throws {SessionError} io, and nothing is left of the copy.
 */
export function copyBeforeMigration(connect: Connect, file: string, version: number): void {
  const copy = `${file}.schema-${version}-${Date.now()}`;
  const unfinished = `${copy}.tmp-${process.pid}`;
  const reader = connect(file, { readonly: true, fileMustExist: true });
  try {
    createPrivately(unfinished);
    reader.prepare("VACUUM INTO ?").run(unfinished);
    syncFile(unfinished);
    renameSync(unfinished, copy);
  } catch (cause) {
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
