import fs from "node:fs";
import { join } from "node:path";
import type { FileLeft, VacuumReport } from "@thulp-sessions/core/store";
import { DirectoryNames } from "../disk/directory-names.ts";
import { FileClock } from "../disk/file-clock.ts";
import { io } from "../disk/io-error.ts";
import { CACHE_FOLDER, removeMetadataCache } from "../list/metadata-cache.ts";
import { SessionLocks } from "../lock/session-locks.ts";
import { removeStaleTempFiles } from "../lock/stale-temp-files.ts";

/** What a file beside the sessions may hold of what was deleted. */
const LEFT: readonly (readonly [name: RegExp, reason: string])[] = [
  [/\.json\.(torn|damaged)-\d+$/, "bytes that were cut off or replaced, kept for you; remove it by hand"],
  [/\.json\.tmp-\d+-[0-9a-z]+$/, "another program is writing it; vacuum again"],
];

/**
 * Removes what killed processes have left of their writes, and what earlier lists have remembered. In the
 * sessions themselves nothing is left of what was deleted.
 *
 * @throws {SessionError} io
 */
export async function vacuumFolder(folder: string): Promise<VacuumReport> {
  const before = size(folder);
  const names = new DirectoryNames(folder);
  const locks = new SessionLocks(folder, 0, new FileClock());
  try {
    await removeStaleTempFiles(folder, names, locks);
    await locks.clearAbandoned();
  } finally {
    locks.close();
  }
  removeMetadataCache(folder);
  return { bytesFreed: before - size(folder), left: leftIn(folder) };
}

function leftIn(folder: string): FileLeft[] {
  return namesIn(folder).flatMap((name) => {
    const [, reason] = LEFT.find(([pattern]) => pattern.test(name)) ?? [];
    return reason === undefined ? [] : [{ path: join(folder, name), reason }];
  });
}

/** Of what is removed here: temporary files and the cache. */
function size(folder: string): number {
  const temporary = namesIn(folder).filter((name) => name.includes(".json.tmp-"));
  const cache = fs.existsSync(join(folder, CACHE_FOLDER)) ? namesIn(join(folder, CACHE_FOLDER)) : [];
  const paths = [...temporary, ...cache.map((name) => join(CACHE_FOLDER, name))];
  return paths.reduce((sum, path) => sum + sizeOf(join(folder, path)), 0);
}

function sizeOf(path: string): number {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function namesIn(folder: string): string[] {
  return io(folder, "list", () => fs.readdirSync(folder));
}
