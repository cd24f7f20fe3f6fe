import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import type { SessionStore } from "@thulp-sessions/core";

/**
 * A store of files for as long as `work` takes: what writes a session into it finds the original's layout in
 * `{id}.json`, and a file put there is read as a session. So only store-fs knows that layout.
 */
export async function withTempFiles<T>(
  work: (folder: string, open: () => Promise<SessionStore>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "thulp-sessions-"));
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
