import { stat } from "node:fs/promises";
import type BetterSqlite3 from "better-sqlite3";
import { rowText, type SqlValue } from "../lines/row-text.ts";
import type { DatabaseSession, SessionDatabase, SqlQuery } from "../model/agent-reader.ts";
import { stampOf } from "./file-stamp.ts";
import { UnreadableFile } from "./read-chunks.ts";
import type { OpenBytes } from "./transcript-file.ts";

/** A writer that is at work is waited for so long. */
const BUSY_MS = 5000;
/** Lines are given in chunks of about so many bytes. */
const CHUNK_LENGTH = 256 * 1024;
/** So many databases are remembered as they were listed. */
const MAX_LISTINGS = 16;

/** What databases hold, by their paths, as long as neither they nor their logs were written since. */
const listings = new Map<string, { readonly stamp: string; readonly sessions: readonly DatabaseSession[] }>();

/** The sessions in a database. @throws {UnreadableFile} */
export async function sessionsIn(
  path: string,
  database: SessionDatabase,
): Promise<readonly DatabaseSession[]> {
  const stamp = await stampOfBoth(path);
  const known = listings.get(path);
  if (known?.stamp === stamp) return known.sessions;
  const connection = await openDatabase(path);
  try {
    const sessions = database.sessions(connection.query);
    listings.delete(path);
    listings.set(path, { stamp, sessions });
    const [oldest] = listings.keys();
    if (listings.size > MAX_LISTINGS && oldest !== undefined) listings.delete(oldest);
    return sessions;
  } catch (error) {
    throw unreadable(error);
  } finally {
    connection.close();
  }
}

/** One session of a database as lines, all of them of one moment. */
export function openSession(path: string, database: SessionDatabase, nativeId: string): OpenBytes {
  return async function* () {
    const connection = await openDatabase(path);
    try {
      let text = "";
      for (const row of database.rows(connection.query, nativeId)) {
        text += `${rowText(row)}\n`;
        if (text.length < CHUNK_LENGTH) continue;
        yield Buffer.from(text);
        text = "";
      }
      if (text !== "") yield Buffer.from(text);
    } catch (error) {
      throw unreadable(error);
    } finally {
      connection.close();
    }
  };
}

/** Between two checkpoints only the log of a database is written. */
async function stampOfBoth(path: string): Promise<string> {
  const log = await stat(`${path}-wal`, { bigint: true }).catch(() => null);
  return `${stampOf(await stat(path, { bigint: true }))} ${log ? stampOf(log) : ""}`;
}

interface Connection {
  readonly query: SqlQuery;
  close(): void;
}

/** Opens it where it lies, so that what only its log has is read too; nothing is written into it. */
async function openDatabase(path: string): Promise<Connection> {
  const Database = await loadSqlite();
  try {
    const database = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
    database.defaultSafeIntegers(true);
    // It is somebody else's: views and generated columns in it call nothing.
    database.pragma("trusted_schema = OFF");
    database.exec("BEGIN");
    return {
      query: (sql, ...values) => {
        const rows = database.prepare(sql).all(...values) as Record<string, SqlValue>[];
        return rows;
      },
      close: () => database.close(),
    };
  } catch (error) {
    throw unreadable(error);
  }
}

async function loadSqlite(): Promise<typeof BetterSqlite3> {
  try {
    return (await import("better-sqlite3")).default;
  } catch {
    throw new UnreadableFile("it is a database: npm install better-sqlite3, which reads it");
  }
}

function unreadable(error: unknown): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  if (typeof code !== "string" || !code.startsWith("SQLITE_")) return error;
  return new UnreadableFile(`the database cannot be read: ${message} (${code})`);
}
