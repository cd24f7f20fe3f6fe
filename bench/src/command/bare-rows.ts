import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import Database from "better-sqlite3";

/** What the floors of `copy` and `import` fill of a session's row. */
const SESSION_COLUMNS =
  "id, name, name_lower, type, type_fields, created_at, updated_at, status, tags, parent_session, " +
  "entry_count, turn_count, user_message_count, assistant_message_count, awaiting_assistant, revision";

interface BareRows {
  readonly db: Database.Database;
  readonly session: Database.Statement;
  readonly context: Database.Statement;
  readonly tag: Database.Statement;
  readonly entry: Database.Statement;
}

/** The tables of a new SQLite store with its indices, and bare prepared statements that insert their rows. */
export async function bareRows(file: string, durability: string): Promise<BareRows> {
  await (await openSqliteStore({ file })).close();
  const db = new Database(file);
  db.pragma(`synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  return {
    db,
    session: db.prepare(
      `INSERT INTO sessions (${SESSION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1, ?)`,
    ),
    context: db.prepare("INSERT INTO contexts (session_key, context) VALUES (?, ?)"),
    tag: db.prepare("INSERT INTO session_tags VALUES (?, ?, ?, ?, ?)"),
    entry: db.prepare(
      "INSERT INTO entries (session_key, seq, entry_id, timestamp, type, type_fields, content) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
    ),
  };
}
