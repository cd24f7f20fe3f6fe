import fs from "node:fs";
import { join } from "node:path";
import { isSessionError } from "@thulp-sessions/core";
import { isCanonicalUuid } from "@thulp-sessions/core/store";
import type { DirectoryNames } from "../disk/directory-names.ts";
import { io } from "../disk/io-error.ts";
import type { SessionLocks } from "./session-locks.ts";

/**
 * Removes the temporary files that killed processes have left. While one is in use its writer holds the lock
 * of its session, so it is removed only under that lock; where another process holds it now, it stays for the
 * next open.
 */
export async function removeStaleTempFiles(
  folder: string,
  names: DirectoryNames,
  locks: SessionLocks,
): Promise<void> {
  for (const name of names.read()) {
    // Most names are not: quicker than the expression.
    if (!name.includes(".json.tmp-")) continue;
    const [, id] = /^([0-9a-f-]{36})\.json\.tmp-\d+-[0-9a-z]+$/.exec(name) ?? [];
    if (id === undefined || !isCanonicalUuid(id)) continue;
    try {
      const path = join(folder, name);
      await locks.hold(id, async () => io(path, "remove", () => fs.unlinkSync(path)), { timeoutMs: 0 });
    } catch (error) {
      // Another process is at it, or it cannot be removed: it stays.
      if (!isSessionError(error)) throw error;
    }
  }
}
