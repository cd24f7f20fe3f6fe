import { existsSync, readdirSync } from "node:fs";
import { relative, resolve } from "node:path";
import { maintenanceOf, parseStoreUrl, placeOf } from "@thulp-sessions/config";
import type { StoreMaintenance } from "@thulp-sessions/core/store";
import { Failure } from "../terminal/exit.ts";

const SESSION_FILE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/;

/**
 * Looking at a store must not make one: a wrong folder would then answer "no sessions".
 *
 * @throws {Failure} when there is no store at the URL, with what to do.
 */
export function requireStore(url: string, base: string): void {
  if (storeExists(url, base)) return;
  throw new Failure(
    `There is no store at ${url} yet. ${hint(base) ?? "Name another with --store, or make one: thulp-sessions create NAME."}`,
  );
}

export function storeExists(url: string, base: string): boolean {
  const place = placeOf(parseStoreUrl(url, base));
  return place === null || existsSync(place);
}

/**
 * The ids of all sessions, the newest made first, where the names of files say them; `null` for a store that
 * has to be asked. Of 10,000 sessions this takes milliseconds, and looking into their files a second.
 */
export function sessionIdsAt(url: string, base: string): string[] | null {
  const location = parseStoreUrl(url, base);
  if (location.kind !== "fs") return null;
  const names = readdirSync(location.dir).filter((name) => SESSION_FILE.test(name));
  // Ids that are made here begin with their time.
  return names.map((name) => name.slice(0, -".json".length)).sort((a, b) => (a < b ? 1 : -1));
}

/** Where another store of the kind that is maintained would be; `null` for a store of another kind. */
export async function placeOfSameKind(
  maintenance: StoreMaintenance | null,
  other: { readonly store: string; readonly base: string },
): Promise<string | null> {
  const target = await maintenanceOf(other.store, other.base);
  return maintenance && target?.kind === maintenance.kind ? target.place : null;
}

/** Where the original has left its JSON sessions. */
function hint(base: string): string | null {
  const dir = resolve(base, ".thulp", "sessions");
  let count = 0;
  try {
    count = readdirSync(dir).filter((name) => SESSION_FILE.test(name)).length;
  } catch {
    return null;
  }
  if (count === 0) return null;
  return `But ${relative(base, dir)} holds JSON sessions (${count}): --store fs:${relative(base, dir)}`;
}
