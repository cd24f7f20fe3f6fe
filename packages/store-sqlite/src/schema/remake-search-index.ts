import { SessionError } from "@thulp-sessions/core";
import { knownMigrations } from "../connection/application-id.ts";
import type { Client, Connect } from "../connection/driver.ts";
import {
  expectedSchema,
  isOfSearchIndex,
  SEARCH_INDEX,
  SEARCH_PASSAGES,
  SEARCH_PROGRESS,
  schemaOf,
  searchDefinitions,
} from "./expected-schema.ts";

/**
 * Rebuilds the tables for search, empty, in a transaction of its own; what they had is indexed again later.
 * The old tables are not dropped but forgotten, which needs no look into them: dropping a damaged one would
 * free whatever pages its pointers lead to, pages of sessions among them. `vacuum` gives the space back.
 *
 * @throws {SessionError} corrupt where the file has other damage too: a page that counts as free may be one
 *   of the sessions, so nothing is written. @throws errors of SQLite. Nothing is changed then either.
 */
export function remakeSearchIndex(connect: Connect, client: Client, file: string): void {
  const expected = expectedSchema(connect, knownMigrations().length);
  // Its defensive mode keeps FTS5's tables and sqlite_schema from being written to.
  client.unsafeMode(true);
  try {
    client.exec("BEGIN IMMEDIATE");
    client.pragma("writable_schema = ON");
    const forget = client.prepare<[string, string]>("DELETE FROM sqlite_schema WHERE type = ? AND name = ?");
    for (const object of schemaOf(client)) if (isOfSearchIndex(object)) forget.run(object.type, object.name);
    client.pragma("writable_schema = RESET");
    const damage = damagedPage(client);
    if (damage !== undefined) throw otherDamage(file, damage);
    for (const sql of searchDefinitions(expected)) client.exec(sql);
    client.exec(`INSERT INTO ${SEARCH_PROGRESS} (id, entry_key, session_key) VALUES (1, 0, 0); COMMIT`);
  } finally {
    if (client.inTransaction) client.exec("ROLLBACK");
    client.pragma("writable_schema = RESET");
    client.unsafeMode(false);
  }
}

function otherDamage(file: string, damage: string): SessionError {
  return new SessionError(
    "corrupt",
    `${file}: the database is damaged, and not its index for search alone: ${damage}. It was left as it is; take a copy ` +
      "of it before anything else.",
    { details: { path: file } },
  );
}

/**
 * Why the tables for search cannot be used, or say what cannot be; `null` where they look right. Looks at
 * their definitions and at the progress, not at the words.
 */
export function searchIndexProblem(client: Client, missing: readonly string[]): string | null {
  if (missing.length > 0) return `${missing.join("; ")} is lost`;
  try {
    for (const table of [SEARCH_INDEX, SEARCH_PASSAGES]) client.prepare(`SELECT rowid FROM ${table}`);
    const rows = client.prepare<[], Keys>(`SELECT entry_key, session_key FROM ${SEARCH_PROGRESS}`).all();
    const [progress] = rows;
    if (!progress || rows.length > 1) return `${SEARCH_PROGRESS} has ${rows.length} rows instead of one`;
    return isAhead(client, progress) ? `${SEARCH_PROGRESS} is ahead of what is stored` : null;
  } catch (error) {
    if (!isSearchIndexError(error)) throw error;
    return (error as Error).message;
  }
}

interface Keys {
  readonly entry_key: number;
  readonly session_key: number;
}

function isAhead(client: Client, progress: Keys): boolean {
  try {
    const last = client.prepare<[], Keys>(`
      SELECT
        (SELECT coalesce(max(key), 0) FROM entries) AS entry_key,
        (SELECT coalesce(max(key), 0) FROM sessions) AS session_key`);
    const { entry_key, session_key } = last.get() as Keys;
    return progress.entry_key > entry_key || progress.session_key > session_key;
  } catch (error) {
    // Not the index is damaged, but the sessions.
    if (isSearchIndexError(error)) return false;
    throw error;
  }
}

/**
 * The first damage in the pages of the file. What the forgotten tables have used is used by nobody, and that
 * is none. Reads the whole file, without comparing indices with their tables.
 */
function damagedPage(client: Client): string | undefined {
  const rows = client.pragma("quick_check(1000)") as { quick_check: string }[];
  const lines = rows.flatMap(({ quick_check }) => quick_check.split("\n"));
  return lines.find((line) => OF_PAGES.test(line) && !/: never used$/.test(line));
}

/** What quick_check says of pages; the rest is of values, which are in nobody's way. */
const OF_PAGES = /^(Tree|Page|Freelist|Main freelist|Pointer map|unable|Outstanding|Failed|database disk)/i;

/** True for an error of a statement on the tables for search which says that they are lost or damaged. */
export function isSearchIndexError(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  const { code, message } = error as Error & { readonly code: string };
  if (code.startsWith("SQLITE_CORRUPT")) return true;
  // FTS5 says it in words where it does not find its tables as they should be.
  return code === "SQLITE_ERROR" && LOST.test(message);
}

const LOST = new RegExp(
  [
    `no such table: (main\\.)?(${SEARCH_INDEX}|${SEARCH_PROGRESS}|${SEARCH_PASSAGES})`,
    `vtable constructor failed: ${SEARCH_INDEX}`,
    "invalid fts5 file format",
    "fts5: ",
  ].join("|"),
);
