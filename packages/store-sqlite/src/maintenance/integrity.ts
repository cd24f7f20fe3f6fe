import { isSessionError, type SessionEntry } from "@thulp-sessions/core";
import { countEntries, type EntryCounts } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { yieldToEventLoop } from "../connection/real-time.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
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

/** A problem found by `SqliteStore.checkIntegrity`. */
export interface IntegrityFinding {
  /** For people. */
  readonly message: string;
  /** The session that has the problem; absent for a problem of the whole file. */
  readonly sessionId?: string | undefined;
  /** The part of the session, e.g. `entries[3].content`. */
  readonly field?: string | undefined;
}

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
  "search_index",
];

/** See `SqliteStore.checkIntegrity`. */
export async function checkIntegrity(database: Database): Promise<readonly IntegrityFinding[]> {
  const findings: IntegrityFinding[] = [];
  for (const table of TABLES) {
    await yieldToEventLoop();
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
async function findingsOf(database: Database, check: () => IntegrityFinding[]): Promise<IntegrityFinding[]> {
  try {
    return await database.read(check);
  } catch (error) {
    if (isSessionError(error, "corrupt")) return [{ message: error.message }];
    throw error;
  }
}

/** What SQLite itself finds: broken pages, rows missing in an index, values that a constraint forbids. */
function tableFindings({ client }: Database, table: string): IntegrityFinding[] {
  const rows = client.pragma(`integrity_check('${table}')`) as { integrity_check: string }[];
  return rows
    .map((row) => row.integrity_check)
    .filter((message) => message !== "ok")
    .map((message) => ({ message: `Table ${table}: ${message}.` }));
}

function foreignKeyFindings({ client }: Database): IntegrityFinding[] {
  const rows = client.pragma("foreign_key_check") as {
    table: string;
    rowid: number | null;
    parent: string;
  }[];
  return rows.slice(0, MAX_OF_A_KIND).map(({ table, rowid, parent }) => ({
    message: `Table ${table}: row ${rowid ?? "?"} belongs to nothing in ${parent}.`,
  }));
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

  step(after: number): IntegrityFinding[] {
    const rows = this.#sessions.all(after, SESSIONS_PER_STEP);
    this.lastKey = rows.at(-1)?.key ?? after;
    return rows.flatMap((row) => this.#findingsOf(row));
  }

  #findingsOf(row: SessionRow): IntegrityFinding[] {
    const { id, key } = row;
    return [
      ...this.#findingsIn(id, () => this.#tagFindings(row, metadataOf(row, this.#file).tags)),
      ...this.#findingsIn(id, () => contextOf(this.#context.get(key) ?? null, this.#file, id)),
      ...this.#findingsIn(id, () => this.#entryFindings(row)),
    ];
  }

  /** What `read` finds, or that it cannot read something. */
  #findingsIn(sessionId: string, read: () => IntegrityFinding[] | object): IntegrityFinding[] {
    try {
      const found = read();
      return Array.isArray(found) ? found : [];
    } catch (error) {
      const known = sessionErrorOf(error, this.#file, sessionId);
      if (!isSessionError(known, "corrupt")) throw known;
      return [{ message: known.message, sessionId, field: known.details.field }];
    }
  }

  #tagFindings(
    { key, id, createdAt, updatedAt, timeIndexPending }: SessionRow,
    tags: readonly string[],
  ): IntegrityFinding[] {
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
    return isCorrect
      ? []
      : [{ message: "Its tags are not those that it is listed by.", sessionId: id, field: "tags" }];
  }

  #entryFindings(row: SessionRow): IntegrityFinding[] {
    const findings: IntegrityFinding[] = [];
    const found: Pick<SessionEntry, "entryType">[] = [];
    for (const entry of this.#entries.iterate(row.key)) {
      const seq = found.length;
      found.push({ entryType: { type: entry[3] } as SessionEntry["entryType"] });
      if (entry[0] !== seq && findings.length < MAX_OF_A_KIND) {
        const message = `Entry ${entry[0]} is where entry ${seq} should be.`;
        findings.push({ message, sessionId: row.id, field: `entries[${seq}]` });
      }
      findings.push(...this.#findingsIn(row.id, () => entryOf(entry, this.#file, row.id)));
    }
    const [counts, stored] = [countEntries(found), countsOf(row)];
    for (const name of Object.keys(counts) as (keyof EntryCounts)[]) {
      if (stored[name] === counts[name]) continue;
      const message = `${name} is ${stored[name]}, and by its entries ${counts[name]}.`;
      findings.push({ message, sessionId: row.id, field: name });
    }
    return findings;
  }
}
