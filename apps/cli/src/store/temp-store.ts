import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { openStore } from "@thulp-sessions/config";
import type { SessionStore } from "@thulp-sessions/core";

const PREFIX = "thulp-sessions-";
/** A process that is not seen from here may be one of a container that shares the folder. */
const LEFTOVER_MS = 3_600_000;

/** What commands have left that were killed: it holds sessions as plain text. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const path = join(tmpdir(), name);
    const stat = await lstat(path).catch(() => null);
    if (!stat?.isDirectory() || Date.now() - stat.mtimeMs < LEFTOVER_MS) continue;
    // Another user's stays.
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * A store of files for as long as `work` takes: what writes a session into it finds the original's layout in
 * `{id}.json`, and a file put there is read as a session. So only store-fs knows that layout.
 */
export async function withTempFiles<T>(
  work: (folder: string, open: () => Promise<SessionStore>) => Promise<T>,
): Promise<T> {
  await removeLeftovers();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const opened: SessionStore[] = [];
  try {
    return await work(folder, async () => {
      const store = await openStore(`fs:${folder}`, { durability: "relaxed" });
      opened.push(store);
      return store;
    });
  } finally {
    for (const store of opened) await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}
