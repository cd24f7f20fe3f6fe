import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";
import { createPrivately } from "../connection/database-file.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import type { BackupOptions } from "./backup-options.ts";
import { publishFile, refuseExisting } from "./publish-file.ts";

/** Other work of the process runs between two steps. */
const FIRST_STEP_PAGES = 256;
/** A write by another process restarts the copy. Its steps then become longer, so that it finishes. */
const GROWTH = 4;

/** See `SqliteStore.backup`. */
export async function backUp(database: Database, to: string, options: BackupOptions): Promise<void> {
  if (typeof to !== "string" || to === "")
    throw new TypeError("backup: to is the path of the file to be created.");
  const target = resolve(to);
  const unfinished = `${target}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    refuseExisting(target);
    createPrivately(unfinished);
    await copyPages(database, unfinished, options);
    publishFile(unfinished, target);
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

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
