import { join } from "node:path";
import type { SessionEntry } from "@thulp-sessions/core";
import Database from "better-sqlite3";
import { type Adapter, type NewSession, type OpenAdapter, textOfEntry } from "./adapter.ts";

/** The floor of databases: two small tables, bare prepared statements, one transaction for each entry. */
export const openBareSqlite: OpenAdapter = async (folder, durability): Promise<Adapter> => {
  const db = new Database(join(folder, "bare.db"));
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${durability === "durable" ? "FULL" : "NORMAL"}`);
  db.exec(
    `CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, marked INTEGER, updated_at INTEGER, entry_count INTEGER) WITHOUT ROWID;
     CREATE INDEX IF NOT EXISTS by_update ON sessions (updated_at);
     CREATE INDEX IF NOT EXISTS by_mark ON sessions (marked, updated_at);
     CREATE TABLE IF NOT EXISTS entries (session TEXT, seq INTEGER, content TEXT, PRIMARY KEY (session, seq)) WITHOUT ROWID;`,
  );
  const create = db.prepare("INSERT INTO sessions VALUES (?, ?, ?, ?)");
  const insert = db.prepare("INSERT INTO entries VALUES (?, ?, ?)");
  const count = db.prepare<[string], number>("SELECT entry_count FROM sessions WHERE id = ?").pluck();
  const update = db.prepare("UPDATE sessions SET updated_at = ?, entry_count = ? WHERE id = ?");
  const all = db
    .prepare<[string], string>("SELECT content FROM entries WHERE session = ? ORDER BY seq")
    .pluck();
  const last = db
    .prepare<[string, number], string>(
      "SELECT content FROM entries WHERE session = ? ORDER BY seq DESC LIMIT ?",
    )
    .pluck();
  const list = db.prepare<[number]>("SELECT * FROM sessions ORDER BY updated_at DESC LIMIT ?");
  const listMarked = db.prepare<[number]>(
    "SELECT * FROM sessions WHERE marked = 1 ORDER BY updated_at DESC LIMIT ?",
  );
  const search = db.prepare<[string, number]>("SELECT content FROM entries WHERE content LIKE ? LIMIT ?");
  let time = 1_800_000_000_000;
  const append = db.transaction((id: string, entry: SessionEntry) => {
    const seq = count.get(id) ?? 0;
    insert.run(id, seq, JSON.stringify(entry));
    update.run(time++, seq + 1, id);
  });
  const make = db.transaction((sessions: readonly NewSession[]) => {
    for (const { id, entries, marked, updatedAt } of sessions) {
      create.run(id, marked ? 1 : 0, updatedAt, entries.length);
      for (const [seq, entry] of entries.entries()) insert.run(id, seq, JSON.stringify(entry));
    }
  });
  return {
    make: async (sessions) => make.immediate(sessions),
    append: async (id, entry) => append.immediate(id, entry),
    load: async (id) => all.all(id).map((text) => JSON.parse(text)),
    last: async (id, limit) =>
      last
        .all(id, limit)
        .reverse()
        .map((text) => JSON.parse(text)),
    textOf: (entry) => textOfEntry(entry as SessionEntry),
    list: async (limit) => list.all(limit),
    listMarked: async (limit) => listMarked.all(limit),
    search: async (word, limit) => search.all(`%${word}%`, limit),
    settings: async () => sqliteSettings(db),
    close: async () => void db.close(),
  };
};

/** The settings of a connection, as SQLite reports them. */
export function sqliteSettings(db: { pragma(source: string, options: { simple: true }): unknown }): string {
  const synchronous = ["OFF", "NORMAL", "FULL", "EXTRA"][Number(db.pragma("synchronous", { simple: true }))];
  return `${String(db.pragma("journal_mode", { simple: true })).toUpperCase()}, synchronous=${synchronous}`;
}
