import { randomBytes } from "node:crypto";
import { existsSync, rmSync, statSync } from "node:fs";
import { resolve } from "node:path";
import {
  isSessionError,
  newUuid,
  type Session,
  type SessionEntry,
  SessionError,
  type SessionMetadata,
} from "@thulp-sessions/core";
import { invalidInput, type RecoveryReport } from "@thulp-sessions/core/store";
import { whyReadOnly } from "./connection/access.ts";
import { type Client, type Connect, loadDriver } from "./connection/driver.ts";
import { isOpen } from "./connection/open-files.ts";
import { realPath } from "./connection/real-path.ts";
import { isCorrupt, sessionErrorOf } from "./connection/sqlite-errors.ts";
import { publishFile, refuseExisting } from "./maintenance/publish-file.ts";
import { salvageRows } from "./maintenance/salvage-rows.ts";
import { isReadableInPlace } from "./open/open-to-read.ts";
import { copyPrivately, inTermsOf } from "./open/private-copy.ts";
import { refuseForeignWal } from "./open/refuse-foreign-wal.ts";
import { differenceOf } from "./open/schema-difference.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { hasOurRows, salvagePages } from "./pages/salvage-pages.ts";
import type { SqliteStore } from "./sqlite-store.ts";
import {
  contextOf,
  ENTRY_COLUMNS,
  type EntryRow,
  entryOf,
  metadataOf,
  SESSION_COLUMNS,
  type SessionRow,
} from "./tables/rows.ts";

/**
 * Writes everything that can be read from a damaged database into a new one. The damaged file is only read;
 * the new one gets its name when it is complete. Entries keep their order, and their `seq` where none before
 * them is lost. A session whose own row is lost gets a new id, a name that says so, and the tag `recovered`.
 * SQLite reads a file that is whole; the pages of another one are read here, by our own definitions of the
 * tables, so that also a file without its first page or its end, or with somebody else's schema, is read.
 *
 * @param options.from the damaged file. @param options.to the new one, which must not exist.
 * @param options.readOnly leaves nothing beside the damaged file, not even for the time of reading.
 * @throws {SessionError} invalid_input when `to` exists or `from` does not; unsupported where better-sqlite3
 *   cannot be loaded, and for the file of another program or a newer version; corrupt where nothing of a
 *   store is found, or the log beside the file is not its own; io.
 */
export async function recoverSqliteFile({
  from,
  to,
  readOnly = false,
}: {
  readonly from: string;
  readonly to: string;
  readonly readOnly?: boolean;
}): Promise<RecoveryReport> {
  const [source, target] = [realPath(from), resolve(to)];
  if (!statSync(source, { throwIfNoEntry: false })?.isFile())
    throw invalidInput(`from: there is no file ${source}.`, { field: "from" });
  refuseExisting(target);
  const unfinished = `${target}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
  const connect = await loadDriver();
  const copy = mustBeCopied(source, readOnly) ? await copyPrivately(source) : null;
  const readable = copy?.file ?? source;
  const pages = `${unfinished}-pages`;
  let client: Client | undefined;
  try {
    await refuseForeignWal(connect, source, readable);
    if (needsPages(connect, readable)) salvagePages(connect, readable, pages);
    client = connect(existsSync(pages) ? pages : readable, { readonly: true, fileMustExist: true });
    // Synced as a whole when it is complete.
    const store = await openSqliteStore({ file: unfinished, durability: "relaxed" });
    let report: RecoveryReport;
    try {
      report = await copyAll(sessionsOf(client, source), store);
      const label = labelIn(client);
      if (label !== null) await store.claimLabel(label);
    } finally {
      await store.close();
    }
    if (existsSync(pages) && report.sessions === 0 && !hasOurRows(connect, readable))
      throw nothingFound(source);
    publishFile(unfinished, target);
    return report;
  } catch (error) {
    const known = sessionErrorOf(error, source);
    throw copy ? inTermsOf(source, copy, known) : known;
  } finally {
    client?.close();
    copy?.remove();
    for (const suffix of ["", "-wal", "-shm", "-pages"]) rmSync(unfinished + suffix, { force: true });
  }
}

/** Where SQLite would have to write beside the file to read it, and may not. */
function mustBeCopied(file: string, readOnly: boolean): boolean {
  return (readOnly || whyReadOnly(file) !== null) && !isReadableInPlace(file);
}

/** The tables that are read. */
const READ = ["sessions", "contexts", "entries"];

/** True for a file of which SQLite cannot read all that is there, or had better not read anything. */
function needsPages(connect: Connect, source: string): boolean {
  // Only SQLite may read a file that this process has open.
  if (isOpen(source)) return false;
  const client = connect(source, { readonly: true, fileMustExist: true });
  try {
    const { foreign, missing } = differenceOf(connect, client, source);
    if (foreign.length > 0 || missing.some((name) => READ.some((table) => name === `table "${table}"`)))
      return true;
    return client.pragma("quick_check(1)", { simple: true }) !== "ok";
  } catch (error) {
    if (isCorrupt(error)) return true;
    throw error;
  } finally {
    client.close();
  }
}

function nothingFound(source: string): SessionError {
  return new SessionError("corrupt", `${source}: nothing of a store was found in it.`, {
    details: { path: source },
  });
}

/** What the file says about itself; `null` where it says nothing, or that cannot be read. */
function labelIn(client: Client): string | null {
  try {
    return client.prepare<[], string>("SELECT label FROM label").pluck().get() ?? null;
  } catch {
    return null;
  }
}

async function copyAll(recoveredSessions: Iterable<Recovered>, store: SqliteStore): Promise<RecoveryReport> {
  const problems: { sessionId: string; message: string }[] = [];
  let [sessions, entries] = [0, 0];
  for (const { session, problems: own } of recoveredSessions) {
    const sessionId = session.metadata.id;
    problems.push(...own.map((message) => ({ sessionId, message })));
    try {
      await store.create(session);
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

/** What is left of each session of a damaged database. */
function* sessionsOf(client: Client, file: string): Generator<Recovered> {
  const contexts = new Map<number, string>();
  for (const { rowid, context } of salvageRows<{ context: string }>(
    client,
    "contexts",
    "session_key",
    "context",
  ))
    contexts.set(rowid, context);
  const entries = entryKeysBySession(client);
  for (const row of salvageRows<SessionRow>(client, "sessions", "key", SESSION_COLUMNS)) {
    const keys = entries.get(row.key) ?? [];
    entries.delete(row.key);
    yield recovered(client, file, row, contexts.get(row.key), keys);
  }
  // Entries of sessions whose own row is lost.
  for (const keys of entries.values()) yield recovered(client, file, null, undefined, keys);
}

/** The keys only, in the order of `seq`, without the contents: a file may be larger than the memory. */
function entryKeysBySession(client: Client): Map<number, number[]> {
  const found = new Map<number, [seq: number, key: number][]>();
  const columns = "session_key AS session, seq";
  for (const { rowid, session, seq } of salvageRows<{ session: number; seq: number }>(
    client,
    "entries",
    "key",
    columns,
  )) {
    const own = found.get(session);
    if (own) own.push([seq, rowid]);
    else found.set(session, [[seq, rowid]]);
  }
  const keysInOrder = (own: [seq: number, key: number][]) =>
    own.sort(([a], [b]) => a - b).map(([, key]) => key);
  return new Map([...found].map(([session, own]) => [session, keysInOrder(own)]));
}

function recovered(
  client: Client,
  file: string,
  row: SessionRow | null,
  context: string | undefined,
  keys: readonly number[],
): Recovered {
  const problems: string[] = [];
  const id = row?.id ?? newUuid();
  const tryTo = <T>(what: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch {
      problems.push(`${what} could not be read.`);
      return undefined;
    }
  };
  const statement = client
    .prepare<[number], EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE key = ?`)
    .raw();
  const entries: SessionEntry[] = [];
  for (const key of keys) {
    const entry = tryTo("An entry", () => {
      const found = statement.get(key);
      return found && entryOf(found, file, id);
    });
    if (!entry) continue;
    const { seq: _, ...own } = entry;
    entries.push(own);
  }
  const metadata =
    (row && tryTo("Its metadata", () => metadataOf(row, file))) ?? placeholderMetadata(id, entries, problems);
  const missing = (row?.entryCount ?? entries.length) - entries.length;
  if (missing > 0) problems.push(`${missing} of its ${row?.entryCount} entries are lost.`);
  const readContext =
    context === undefined ? undefined : tryTo("Its context", () => contextOf(context, file, id));
  if (readContext === undefined) problems.push("Its context is lost: it has an empty one now.");
  return { session: { metadata, entries, context: readContext ?? {} }, problems };
}

function placeholderMetadata(
  id: string,
  entries: readonly SessionEntry[],
  problems: string[],
): SessionMetadata {
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
