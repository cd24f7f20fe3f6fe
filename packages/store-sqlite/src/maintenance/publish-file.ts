import { linkSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { SessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { syncFile, syncFolder } from "../connection/database-file.ts";

/** @throws {SessionError} invalid_input when the file exists. */
export function refuseExisting(target: string): void {
  if (statSync(target, { throwIfNoEntry: false })) throw targetExists(target);
}

/**
 * Syncs a complete file and gives it its name, atomically. Never replaces another file. The old name is left
 * for the caller to remove.
 *
 * @throws {SessionError} invalid_input when a file of that name exists.
 */
export function publishFile(unfinished: string, target: string): void {
  syncFile(unfinished);
  try {
    linkSync(unfinished, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw targetExists(target);
    throw error;
  }
  if (process.platform !== "win32") syncFolder(dirname(target));
}

function targetExists(target: string): SessionError {
  return invalidInput(`to: ${target} already exists, and is never replaced. Choose another name.`, {
    field: "to",
    path: target,
  });
}
