import type { SessionEntry } from "@thulp-sessions/core";
import type { Durability } from "@thulp-sessions/core/store";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import Database from "better-sqlite3";
import { makeSession } from "../../harness/data.ts";

/**
 * The floors for store-sqlite: the same rows in the very same tables with the same indices, by bare prepared
 * statements, one transaction each.
 */
export interface BareSqlite {
  /** The entry, and the session with its counters. */
  append(entry: SessionEntry): void;
  /** A session like that which is appended to, without its tags and entries. */
  create(id: string): void;
  /** The row of the session that is appended to. */
  head(): unknown;
  close(): void;
}

const SESSION_COLUMNS = `name, name_lower, type, type_fields, created_at, updated_at, status, tags, parent_session,
  entry_count, turn_count, user_message_count, assistant_message_count, awaiting_assistant, revision, epoch, moving`;

export async function openBareSqlite(file: string, durability: Durability): Promise<BareSqlite> {
  const store = await openSqliteStore({ file, durability });
  const id = await makeSession(store, 100);
  await store.close();
  const db = new Database(file);
  db.pragma(`synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  db.pragma("foreign_keys = ON");
  const select = db.prepare<[string], { key: number; entry_count: number; updated_at: number }>(
    "SELECT key, entry_count, updated_at FROM sessions WHERE id = ?",
  );
  const insert = db.prepare(
    "INSERT INTO entries (session_key, seq, entry_id, timestamp, type, type_fields, content) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const update = db.prepare(
    "UPDATE sessions SET updated_at = ?, entry_count = ?, turn_count = 0, user_message_count = ?, " +
      "assistant_message_count = 0, awaiting_assistant = 1, revision = revision + 1 WHERE key = ?",
  );
  const moveTags = db.prepare("UPDATE session_tags SET updated_at = ? WHERE session_key = ?");
  const append = db.transaction(({ id: entryId, content, entryType, timestamp }: SessionEntry) => {
    const session = select.get(id);
    if (!session) throw new Error("the session is gone");
    const count = session.entry_count + 1;
    const updatedAt = session.updated_at + 1;
    insert.run(
      session.key,
      session.entry_count,
      entryId,
      timestamp,
      entryType.type,
      null,
      JSON.stringify(content),
    );
    update.run(updatedAt, count, count, session.key);
    moveTags.run(updatedAt, session.key);
  });
  const create = db.prepare(`
    INSERT INTO sessions (id, ${SESSION_COLUMNS})
    SELECT ?, ${SESSION_COLUMNS} FROM sessions WHERE id = ?`);
  const head = db.prepare(`SELECT id, ${SESSION_COLUMNS} FROM sessions WHERE id = ?`);
  return {
    append: (entry) => append.immediate(entry),
    create: (newId) => void create.run(newId, id),
    head: () => head.get(id),
    close: () => db.close(),
  };
}
