import { join } from "node:path";
import Database from "better-sqlite3";
import { onTestFinished } from "vitest";
import { type AgentReader, importTranscripts } from "../src/index.ts";
import { openStore, tempFolder } from "./places.ts";

/** A database that its agent has open. */
export interface AgentDatabase {
  readonly path: string;
  readonly database: Database.Database;
}

/** One with these tables, closed after the test. */
export function databaseWith(sql: string, name: string): AgentDatabase {
  const path = join(tempFolder(), name);
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.exec(sql);
  onTestFinished(() => void database.close());
  return { path, database };
}

/** Imports a database, and gives what became of its sessions. */
export async function take(reader: AgentReader, path: string, store = openStore()) {
  const to = await store;
  const reports = await importTranscripts(to, reader, [path]);
  const report = reports.find(({ sessionId }) => sessionId !== undefined);
  const id = report?.sessionId as string;
  return { store: to, reports, report, id, ...(await to.get(id)) };
}
