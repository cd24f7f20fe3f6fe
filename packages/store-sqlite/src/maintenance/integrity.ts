import { isSessionError, type SessionEntry } from "@thulp-sessions/core";
import { countEntries, type EntryCounts, type StoreFinding } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { yieldToEventLoop } from "../connection/real-time.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import { isOfSearchIndex } from "../schema/expected-schema.ts";
import {
  contextOf,
  countsOf,
  ENTRY_COLUMNS,
  type EntryRow,
  entryOf,
  metadataOf,
  SESSION_COLUMNS,
  type SessionRow,
} from "../tables/rows.ts";

/** How many findings of one kind are reported: more of them say nothing new. */
const MAX_OF_A_KIND = 100;
const SESSIONS_PER_STEP = 20;
const TABLES = [
  "sessions",
  "contexts",
  "session_tags",
  "entries",
  "changes",
  "search_progress",
  "search_passages",
  "search_index",
];

/**
 * See `SqliteStore.checkIntegrity`.
 *
 * @param lost why the tables for search cannot be looked at; `null` where they can.
 */
export async function checkIntegrity(
  database: Database,
  lost: string | null = null,
): Promise<readonly StoreFinding[]> {
  const findings: StoreFinding[] = [];
  if (lost !== null)
    findings.push(damaged(`The index for search is lost or damaged: ${lost}. ${INDEX_ADVICE}`));
  for (const table of TABLES) {
    await yieldToEventLoop();
    if (lost !== null && isOfSearchIndex({ table })) continue;
    findings.push(...(await findingsOf(database, () => tableFindings(database, table))));
  }
  findings.push(...(await findingsOf(database, () => foreignKeyFindings(database))));
  const check = new SessionCheck(database);
  for (let after = 0; ; ) {
    await yieldToEventLoop();
    const step = await findingsOf(database, () => check.step(after));
    findings.push(...step);
    const last = check.lastKey;
    if (last === after) return findings;
    after = last;
  }
}

/** Damage that ends a check is a finding; any other error is thrown. */
async function findingsOf(database: Database, check: () => StoreFinding[]): Promise<StoreFinding[]> {
  try {
    return await database.read(check);
  } catch (error) {
    if (isSessionError(error, "corrupt")) return [damaged(error.message)];
    throw error;
  }
}

/** What SQLite itself finds: broken pages, rows missing in an index, values that a constraint forbids. */
function tableFindings({ client }: Database, table: string): StoreFinding[] {
  const rows = client.pragma(`integrity_check('${table}')`) as { integrity_check: string }[];
  return rows
    .map((row) => row.integrity_check)
    .filter((message) => message !== "ok")
    .map((message) =>
      damaged(`Table ${table}: ${message}.${isOfSearchIndex({ table }) ? ` ${INDEX_ADVICE}` : ""}`),
    );
}

const INDEX_ADVICE = "No session depends on it, and the next program that needs it rebuilds it.";

function foreignKeyFindings({ client }: Database): StoreFinding[] {
  const rows = client.pragma("foreign_key_check") as {
    table: string;
    rowid: number | null;
    parent: string;
  }[];
  return rows
    .slice(0, MAX_OF_A_KIND)
    .map(({ table, rowid, parent }) =>
      damaged(`Table ${table}: row ${rowid ?? "?"} belongs to nothing in ${parent}.`),
    );
}

function damaged(reason: string, sessionId?: string, field?: string): StoreFinding {
  return {
    kind: "damaged",
    reason,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(field === undefined ? {} : { field }),
  };
}

/** Checks sessions, a few in each step: that everything can be read, and that counters and tags are right. */
class SessionCheck {
  readonly #file: string;
  readonly #sessions;
  readonly #context;
  readonly #entries;
  readonly #tags;
  /** Of the session that was checked last. */
  lastKey = 0;

  constructor({ client, file }: Database) {
    this.#file = file;
    this.#sessions = client.prepare<[number, number], SessionRow>(`
      SELECT ${SESSION_COLUMNS} FROM sessions
      WHERE key > ?
      ORDER BY key
      LIMIT ?`);
    this.#context = client
      .prepare<[number], string>("SELECT context FROM contexts WHERE session_key = ?")
      .pluck();
    this.#entries = client
      .prepare<[number], EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE session_key = ? ORDER BY seq`)
      .raw();
    this.#tags = client.prepare<[number], { tag: string; id: string; createdAt: number; updatedAt: number }>(`
      SELECT tag, session_id AS id, created_at AS createdAt, updated_at AS updatedAt
      FROM session_tags
      WHERE session_key = ?`);
  }

  step(after: number): StoreFinding[] {
    const rows = this.#sessions.all(after, SESSIONS_PER_STEP);
    this.lastKey = rows.at(-1)?.key ?? after;
    return rows.flatMap((row) => this.#findingsOf(row));
  }

  #findingsOf(row: SessionRow): StoreFinding[] {
    const { id, key } = row;
    return [
      ...this.#findingsIn(id, () => this.#tagFindings(row, metadataOf(row, this.#file).tags)),
      ...this.#findingsIn(id, () => contextOf(this.#context.get(key) ?? null, this.#file, id)),
      ...this.#findingsIn(id, () => this.#entryFindings(row)),
    ];
  }

  /** What `read` finds, or that it cannot read something. */
  #findingsIn(sessionId: string, read: () => StoreFinding[] | object): StoreFinding[] {
    try {
      const found = read();
      return Array.isArray(found) ? found : [];
    } catch (error) {
      const known = sessionErrorOf(error, this.#file, sessionId);
      if (!isSessionError(known, "corrupt")) throw known;
      return [damaged(known.message, sessionId, known.details.field)];
    }
  }

  #tagFindings(
    { key, id, createdAt, updatedAt, timeIndexPending }: SessionRow,
    tags: readonly string[],
  ): StoreFinding[] {
    const rows = this.#tags.all(key);
    const isCorrect =
      rows.length === new Set(tags).size &&
      rows.every(
        (row) =>
          tags.includes(row.tag) &&
          row.id === id &&
          row.createdAt === createdAt &&
          // Out of date while the time index is pending.
          (timeIndexPending === 1 || row.updatedAt === updatedAt),
      );
    return isCorrect ? [] : [damaged("Its tags are not those that it is listed by.", id, "tags")];
  }

  #entryFindings(row: SessionRow): StoreFinding[] {
    const findings: StoreFinding[] = [];
    const found: Pick<SessionEntry, "entryType">[] = [];
    for (const entry of this.#entries.iterate(row.key)) {
      const seq = found.length;
      found.push({ entryType: { type: entry[3] } as SessionEntry["entryType"] });
      if (entry[0] !== seq && findings.length < MAX_OF_A_KIND) {
        const reason = `Entry ${entry[0]} is where entry ${seq} should be.`;
        findings.push(damaged(reason, row.id, `entries[${seq}]`));
      }
      findings.push(...this.#findingsIn(row.id, () => entryOf(entry, this.#file, row.id)));
    }
    const [counts, stored] = [countEntries(found), countsOf(row)];
    for (const name of Object.keys(counts) as (keyof EntryCounts)[]) {
      if (stored[name] === counts[name]) continue;
      findings.push(damaged(`${name} is ${stored[name]}, and by its entries ${counts[name]}.`, row.id, name));
    }
    return findings;
  }
}
