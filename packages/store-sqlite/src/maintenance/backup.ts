import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { syncFolder } from "../connection/database-file.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import type { BackupOptions } from "./backup-options.ts";

/** Between two steps others get their turn. */
const FIRST_STEP_PAGES = 256;
/** A write by another process makes the copy begin anew; so that it ends, its steps then become longer. */
const GROWTH = 4;

/** See `SqliteStore.backup`. */
export async function backUp(database: Database, to: string, options: BackupOptions): Promise<void> {
  if (typeof to !== "string" || to === "")
    throw new TypeError("backup: to is the path of the file to be made.");
  const target = resolve(to);
  const unfinished = `${target}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    if (statSync(target, { throwIfNoEntry: false })) throw targetExists(target);
    // SQLite would make it readable by everybody; it takes an empty file that is there.
    closeSync(openSync(unfinished, "wx", 0o600));
    await copyPages(database, unfinished, options);
    giveName(unfinished, target);
  } catch (error) {
    if (error instanceof SessionError || error instanceof TypeError) throw error;
    const known = sessionErrorOf(error, database.file);
    if (known !== error || !isFileError(error)) throw known;
    throw new SessionError("io", `The backup ${target} could not be written: ${error.message}.`, {
      cause: error,
      details: { path: target },
    });
  } finally {
    rmSync(unfinished, { force: true });
  }
}

async function copyPages(database: Database, to: string, { onProgress }: BackupOptions): Promise<void> {
  let step = FIRST_STEP_PAGES;
  let before = Number.POSITIVE_INFINITY;
  await database.client.backup(to, {
    progress({ totalPages, remainingPages }) {
      if (remainingPages >= before) step *= GROWTH;
      before = remainingPages;
      onProgress?.({ totalPages, remainingPages });
      return step;
    },
  });
}

/** Gives a complete file its name, in one step, and never in the place of another file. @throws {SessionError} invalid_input */
export function giveName(unfinished: string, target: string): void {
  const descriptor = openSync(unfinished, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(unfinished, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw targetExists(target);
    throw error;
  }
  if (process.platform !== "win32") syncFolder(dirname(target));
}

function targetExists(target: string): SessionError {
  return invalidInput(
    `to: there is a file ${target} already. It takes no other's place; choose another name.`,
    {
      field: "to",
      path: target,
    },
  );
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
