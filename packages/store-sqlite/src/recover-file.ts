import { randomBytes } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { resolve } from "node:path";
import {
  isSessionError,
  newUuid,
  type Session,
  type SessionEntry,
  type SessionMetadata,
} from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { type Client, loadDriver } from "./connection/driver.ts";
import { sessionErrorOf } from "./connection/sqlite-errors.ts";
import { giveName } from "./maintenance/backup.ts";
import { rowsAround } from "./maintenance/salvage-rows.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import {
  ENTRY_COLUMNS,
  type EntryRow,
  entryOf,
  metadataOf,
  parseJson,
  type SessionRow,
} from "./tables/rows.ts";

export interface RecoveryReport {
  readonly sessions: number;
  readonly entries: number;
  /** What could not be read, and what was put in its place, in words for a person. */
  readonly problems: readonly { readonly sessionId: string; readonly message: string }[];
}

/**
 * Writes everything that can be read from a damaged database into a new one. The damaged file is only read; the new
 * one has its name only when it is complete. Entries keep their
 * order, and their `seq` where none before them is lost; a session whose own row is lost gets a new id, a name that says so and
 * the tag `recovered`.
 *
 * @param options.from the damaged file. @param options.to the new one, which must not be there yet.
 * @throws {SessionError} invalid_input when `to` is there or `from` is not; unsupported where better-sqlite3 cannot be loaded
 *   or the file is none of ours to its very header; io.
 */
export async function recoverSqliteFile({ from, to }: { from: string; to: string }): Promise<RecoveryReport> {
  const [source, target] = [resolve(from), resolve(to)];
  if (!statSync(source, { throwIfNoEntry: false })?.isFile())
    throw invalidInput(`from: there is no file ${source}.`, { field: "from" });
  if (statSync(target, { throwIfNoEntry: false }))
    throw invalidInput(`to: there is a file ${target} already. Recover into a new one.`, { field: "to" });
  const unfinished = `${target}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
  const client = (await loadDriver()).connect(source, { readonly: true, fileMustExist: true });
  try {
    // Brought to the disk as a whole, when it is closed.
    const store = await openSqliteStore({ file: unfinished, durability: "relaxed" });
    let report: RecoveryReport;
    try {
      report = await copyAll(new DamagedFile(client, source), (session) => store.create(session));
    } finally {
      await store.close();
    }
    giveName(unfinished, target);
    return report;
  } catch (error) {
    throw sessionErrorOf(error, source);
  } finally {
    client.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(unfinished + suffix, { force: true });
  }
}

async function copyAll(
  file: DamagedFile,
  create: (session: Session) => Promise<unknown>,
): Promise<RecoveryReport> {
  const problems: { sessionId: string; message: string }[] = [];
  let [sessions, entries] = [0, 0];
  for (const { session, problems: own } of file.sessions()) {
    const sessionId = session.metadata.id;
    problems.push(...own.map((message) => ({ sessionId, message })));
    try {
      await create(session);
      sessions++;
      entries += session.entries.length;
    } catch (error) {
      if (!isSessionError(error, "invalid_input") && !isSessionError(error, "already_exists")) throw error;
      problems.push({ sessionId, message: `It was left out: ${error.message}` });
    }
  }
  return { sessions, entries, problems };
}

interface Recovered {
  readonly session: Session;
  readonly problems: readonly string[];
}

/** Reads a database around its damage. */
class DamagedFile {
  readonly #client: Client;
  readonly #file: string;

  constructor(client: Client, file: string) {
    this.#client = client;
    this.#file = file;
  }

  *sessions(): Generator<Recovered> {
    const contexts = new Map(rowsAround<[number, string]>(this.#client, "contexts", "session_key, context"));
    const entries = this.#entriesBySession();
    for (const row of rowsAround<unknown[]>(this.#client, "sessions", `key, ${SESSION_COLUMNS}`)) {
      const session = Object.fromEntries(
        SESSION_FIELDS.map((field, i) => [field, row[i]]),
      ) as unknown as SessionRow;
      const own = entries.get(session.key) ?? [];
      entries.delete(session.key);
      yield this.#recovered(session, contexts.get(session.key), own);
    }
    // Entries of sessions whose own row is lost.
    for (const rows of entries.values()) yield this.#recovered(null, undefined, rows);
  }

  /** Only where each stands, and not the contents: a file may hold more than the memory. */
  #entriesBySession(): Map<number, number[]> {
    const found = new Map<number, [seq: number, key: number][]>();
    for (const [key, session, seq] of rowsAround<[number, number, number]>(
      this.#client,
      "entries",
      "key, session_key, seq",
    )) {
      const own = found.get(session);
      if (own) own.push([seq, key]);
      else found.set(session, [[seq, key]]);
    }
    return new Map(
      [...found].map(([session, places]) => [
        session,
        places.sort(([a], [b]) => a - b).map(([, key]) => key),
      ]),
    );
  }

  #recovered(row: SessionRow | null, context: string | undefined, keys: readonly number[]): Recovered {
    const problems: string[] = [];
    const id = row?.id ?? newUuid();
    const trying = <T>(what: string, read: () => T): T | undefined => {
      try {
        return read();
      } catch {
        problems.push(`${what} could not be read.`);
        return undefined;
      }
    };
    const statement = this.#client
      .prepare<[number], EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE key = ?`)
      .raw();
    const entries: SessionEntry[] = [];
    for (const key of keys) {
      const entry = trying("An entry", () => {
        const found = statement.get(key);
        return found && entryOf(found, this.#file, id);
      });
      if (!entry) continue;
      const { seq: _, ...own } = entry;
      entries.push(own);
    }
    const metadata =
      (row && trying("Its metadata", () => metadataOf(row, this.#file))) ?? madeUp(id, entries, problems);
    const missing = (row?.entryCount ?? entries.length) - entries.length;
    if (missing > 0) problems.push(`${missing} of its ${row?.entryCount} entries are lost.`);
    const read =
      context === undefined
        ? undefined
        : trying("Its context", () => parseJson<Session["context"]>(context, this.#file, id, "context"));
    if (read === undefined) problems.push("Its context is lost: it has an empty one now.");
    return { session: { metadata, entries, context: read ?? {} }, problems };
  }
}

function madeUp(id: string, entries: readonly SessionEntry[], problems: string[]): SessionMetadata {
  problems.push("Its id, name, type, times and tags are lost: they were made up.");
  const times = entries.map(({ timestamp }) => timestamp);
  return {
    id: id as SessionMetadata["id"],
    name: `Recovered session ${id}`,
    sessionType: { type: "conversation", purpose: "recovered" },
    createdAt: times.reduce((a, b) => Math.min(a, b), times[0] ?? 0),
    updatedAt: times.reduce((a, b) => Math.max(a, b), 0),
    status: "paused",
    tags: ["recovered"],
    parentSession: null,
  };
}

const SESSION_FIELDS = [
  "key",
  "id",
  "name",
  "type",
  "typeFields",
  "createdAt",
  "updatedAt",
  "status",
  "tags",
  "parentSession",
  "entryCount",
] as const;
const SESSION_COLUMNS =
  "id, name, type, type_fields, created_at, updated_at, status, tags, parent_session, entry_count";
