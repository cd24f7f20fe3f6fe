import { setImmediate } from "node:timers/promises";
import { isSessionError, type SessionEntry } from "@thulp-sessions/core";
import { countEntries, type EntryCounts } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import {
  contextOf,
  countsOf,
  ENTRY_COLUMNS,
  type EntryRow,
  entryOf,
  metadataOf,
  type SessionRow,
} from "../tables/rows.ts";
import type { IntegrityFinding } from "./integrity-finding.ts";

/** So many of one kind are told; where there are more, they say nothing new. */
const MOST_OF_A_KIND = 100;
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
    await setImmediate();
    findings.push(...(await looking(database, () => tableFindings(database, table))));
  }
  findings.push(...(await looking(database, () => foreignKeyFindings(database))));
  const check = new SessionCheck(database);
  for (let after = 0; ; ) {
    await setImmediate();
    const step = await looking(database, () => check.step(after));
    findings.push(...step);
    const last = check.lastKey;
    if (last === after) return findings;
    after = last;
  }
}

/** Damage that ends a look is a finding; anything else is thrown. */
async function looking<T extends IntegrityFinding>(
  database: Database,
  look: () => T[],
): Promise<(T | IntegrityFinding)[]> {
  try {
    return await database.read(look);
  } catch (error) {
    if (isSessionError(error, "corrupt")) return [{ message: error.message }];
    throw error;
  }
}

/** What SQLite itself finds: broken pages, rows that an index lacks, values that a constraint forbids. */
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
  return rows.slice(0, MOST_OF_A_KIND).map(({ table, rowid, parent }) => ({
    message: `Table ${table}: row ${rowid ?? "?"} belongs to nothing in ${parent}.`,
  }));
}

/** Looks into sessions, some at a time: can all be read, and do the counters and tags say what is there? */
class SessionCheck {
  readonly #file: string;
  readonly #sessions;
  readonly #context;
  readonly #entries;
  readonly #tags;
  /** Of the session looked at last. */
  lastKey = 0;

  constructor({ client, file }: Database) {
    this.#file = file;
    this.#sessions = client.prepare<[number, number], Record<string, unknown>>(
      `SELECT key, id, name, name_lower AS nameLower, type, type_fields AS typeFields, created_at AS createdAt,
        updated_at AS updatedAt, status, tags, parent_session AS parentSession, entry_count AS entryCount,
        turn_count AS turnCount, user_message_count AS userMessageCount,
        assistant_message_count AS assistantMessageCount, awaiting_assistant AS awaitingAssistant, revision, moving
       FROM sessions WHERE key > ? ORDER BY key LIMIT ?`,
    );
    this.#context = client
      .prepare<[number], string>("SELECT context FROM contexts WHERE session_key = ?")
      .pluck();
    this.#entries = client
      .prepare<[number], EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE session_key = ? ORDER BY seq`)
      .raw();
    this.#tags = client.prepare<[number], { tag: string; id: string; createdAt: number; updatedAt: number }>(
      `SELECT tag, session_id AS id, created_at AS createdAt, updated_at AS updatedAt
       FROM session_tags WHERE session_key = ?`,
    );
  }

  step(after: number): IntegrityFinding[] {
    const rows = this.#sessions.all(after, SESSIONS_PER_STEP) as unknown as SessionRow[];
    this.lastKey = rows.at(-1)?.key ?? after;
    return rows.flatMap((row) => this.#findingsOf(row));
  }

  #findingsOf(row: SessionRow): IntegrityFinding[] {
    const findings: IntegrityFinding[] = [];
    const { id, key } = row;
    const look = (read: () => void): void => {
      try {
        read();
      } catch (error) {
        const known = sessionErrorOf(error, this.#file, id);
        if (!isSessionError(known, "corrupt")) throw known;
        findings.push({ message: known.message, sessionId: id, field: known.details.field });
      }
    };
    look(() => findings.push(...this.#tagFindings(row, metadataOf(row, this.#file).tags)));
    look(() => void contextOf(this.#context.get(key) ?? null, this.#file, id));
    look(() => findings.push(...this.#entryFindings(row)));
    return findings;
  }

  #tagFindings(
    { key, id, createdAt, updatedAt, moving }: SessionRow,
    tags: readonly string[],
  ): IntegrityFinding[] {
    const rows = this.#tags.all(key);
    const isAsItShould =
      rows.length === new Set(tags).size &&
      rows.every(
        (row) =>
          tags.includes(row.tag) &&
          row.id === id &&
          row.createdAt === createdAt &&
          // Out of date while the session moves.
          (moving === 1 || row.updatedAt === updatedAt),
      );
    return isAsItShould
      ? []
      : [{ message: "Its tags are not those that it is listed by.", sessionId: id, field: "tags" }];
  }

  #entryFindings(row: SessionRow): IntegrityFinding[] {
    const findings: IntegrityFinding[] = [];
    const found: Pick<SessionEntry, "entryType">[] = [];
    for (const entry of this.#entries.iterate(row.key)) {
      const seq = found.length;
      found.push({ entryType: { type: entry[3] } as SessionEntry["entryType"] });
      if (entry[0] !== seq && findings.length < MOST_OF_A_KIND) {
        const message = `Entry ${entry[0]} stands where entry ${seq} should be.`;
        findings.push({ message, sessionId: row.id, field: `entries[${seq}]` });
      }
      try {
        entryOf(entry, this.#file, row.id);
      } catch (error) {
        if (!isSessionError(error, "corrupt")) throw error;
        findings.push({ message: error.message, sessionId: row.id, field: error.details.field });
      }
    }
    const counts = countEntries(found);
    const wrong = (Object.keys(counts) as (keyof EntryCounts)[]).filter(
      (name) => countsOf(row)[name] !== counts[name],
    );
    for (const name of wrong) {
      const message = `${name} is ${countsOf(row)[name]}, and by its entries ${counts[name]}.`;
      findings.push({ message, sessionId: row.id, field: name });
    }
    return findings;
  }
}
