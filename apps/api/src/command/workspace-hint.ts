import { readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseStoreUrl } from "@thulp-sessions/config";

const SESSION_FILE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/;

/**
 * What to say to someone who serves an empty SQLite store where the original has left its JSON sessions;
 * `null` where there is nothing to say.
 *
 * @param base the folder in which the command was typed.
 */
export async function workspaceHint(
  store: string,
  sessionCount: number,
  base: string,
): Promise<string | null> {
  if (sessionCount > 0 || parseStoreUrl(store, base).kind !== "sqlite") return null;
  const dir = resolve(base, ".thulp", "sessions");
  const count = await countSessionFiles(dir);
  if (count === 0) return null;
  const shown = relative(base, dir) || join(".thulp", "sessions");
  return (
    `This store is empty, but ${shown} holds ${count} JSON ${count === 1 ? "session" : "sessions"}. ` +
    `To serve them: npm start -- --store fs:${shown}. ` +
    `To copy them into this store: thulp-sessions copy fs:${shown} ${store}.`
  );
}

async function countSessionFiles(dir: string): Promise<number> {
  try {
    return (await readdir(dir)).filter((name) => SESSION_FILE.test(name)).length;
  } catch {
    // No folder that can be read: then there is nothing to point at.
    return 0;
  }
}
