import { sql } from "drizzle-orm";
import {
  check,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  unique,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";

// The tables as drizzle knows them. drizzle/0000_init.sql was edited by hand after `drizzle-kit generate`: STRICT and
// WITHOUT ROWID, which the kit cannot write, and `search_index` (FTS5), which it does not know. A migration that it
// generates by copying a table anew has to be edited in the same way.

/** One row for each session, everything but its entries and its context. */
export const sessions = sqliteTable(
  "sessions",
  {
    // Below 2^31, as the rows of `search_index` are numbered by key and seq together.
    key: integer().primaryKey(),
    id: text().notNull(),
    name: text().notNull(),
    /** `toLowerCase` of JavaScript, for `nameContains`: SQLite lower-cases ASCII only. */
    nameLower: text("name_lower").notNull(),
    type: text().notNull(),
    /** JSON object: the session type without its tag. */
    typeFields: text("type_fields").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    status: text().notNull(),
    /** JSON array, in order and with duplicates; `session_tags` is made from it. */
    tags: text().notNull(),
    parentSession: text("parent_session"),
    entryCount: integer("entry_count").notNull(),
    turnCount: integer("turn_count").notNull(),
    userMessageCount: integer("user_message_count").notNull(),
    assistantMessageCount: integer("assistant_message_count").notNull(),
    awaitingAssistant: integer("awaiting_assistant").notNull(),
    /** The number of the last change: grows over all sessions, so that a version never comes back. See `changes`. */
    revision: integer().notNull(),
    /**
     * 1: entries have been appended since the indices by `updated_at` were last told. Such a session stands in none of
     * them, so that an append does not rewrite them each time; a page adds the few that move (moving-sessions.ts).
     */
    moving: integer().notNull().default(0),
  },
  (table) => [
    unique("sessions_by_id").on(table.id),
    // The name stands at the end so that `nameContains` reads the index and not the rows.
    index("sessions_by_updated").on(table.updatedAt, table.id, table.nameLower).where(sql`moving = 0`),
    index("sessions_by_created").on(table.createdAt, table.id, table.nameLower),
    index("sessions_by_status_updated").on(table.status, table.updatedAt, table.id).where(sql`moving = 0`),
    index("sessions_by_status_created").on(table.status, table.createdAt, table.id),
    index("sessions_by_type_updated").on(table.type, table.updatedAt, table.id).where(sql`moving = 0`),
    index("sessions_by_type_created").on(table.type, table.createdAt, table.id),
    // Partial: a session without a parent pays nothing for them.
    index("sessions_by_parent_updated")
      .on(table.parentSession, table.updatedAt, table.id)
      .where(sql`parent_session IS NOT NULL AND moving = 0`),
    index("sessions_by_parent_created")
      .on(table.parentSession, table.createdAt, table.id)
      .where(sql`parent_session IS NOT NULL`),
    index("sessions_with_parent_updated")
      .on(table.updatedAt, table.id)
      .where(sql`parent_session IS NOT NULL AND moving = 0`),
    index("sessions_with_parent_created")
      .on(table.createdAt, table.id)
      .where(sql`parent_session IS NOT NULL`),
    index("sessions_moving").on(table.moving).where(sql`moving = 1`),
    check("sessions_moving", sql`moving IN (0, 1)`),
    check("sessions_key", sql`key BETWEEN 1 AND 2147483647`),
    check("sessions_id", sql`length(id) = 36`),
    check("sessions_status", sql`status IN ('active', 'completed', 'failed', 'cancelled', 'paused')`),
    check(
      "sessions_type",
      sql`type IN ('teacher_demo', 'evaluation', 'refinement', 'conversation', 'agent')`,
    ),
    check("sessions_json", sql`json_valid(type_fields) AND json_valid(tags)`),
    check("sessions_counts", sql`entry_count >= 0 AND turn_count >= 0 AND awaiting_assistant IN (0, 1)`),
  ],
);

/** The context, apart from the row that every append rewrites. */
export const contexts = sqliteTable("contexts", {
  sessionKey: integer("session_key")
    .primaryKey()
    .references(() => sessions.key, { onDelete: "cascade" }),
  /** JSON object. */
  context: text().notNull(),
});

/**
 * The tags, each once; the times and the id are the session's, for a page by tag in every order. `updated_at` is out of date
 * while the session moves.
 */
export const sessionTags = sqliteTable(
  "session_tags",
  {
    sessionKey: integer("session_key")
      .notNull()
      .references(() => sessions.key, { onDelete: "cascade" }),
    tag: text().notNull(),
    sessionId: text("session_id").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionKey, table.tag] }),
    index("session_tags_updated").on(table.tag, table.updatedAt, table.sessionId),
    index("session_tags_created").on(table.tag, table.createdAt, table.sessionId),
  ],
);

/**
 * The entries in the order of their writing: a commit of many sessions touches few pages, which the unique index then
 * finds by session.
 */
export const entries = sqliteTable(
  "entries",
  {
    key: integer().primaryKey(),
    sessionKey: integer("session_key")
      .notNull()
      .references(() => sessions.key, { onDelete: "cascade" }),
    seq: integer().notNull(),
    entryId: text("entry_id").notNull(),
    timestamp: integer().notNull(),
    type: text().notNull(),
    /** JSON object: the entry type without its tag; null where there is nothing else. */
    typeFields: text("type_fields"),
    /** JSON. */
    content: text().notNull(),
  },
  (table) => [
    uniqueIndex("entries_by_seq").on(table.sessionKey, table.seq),
    // Not unique: files of the original can hold an id twice. The id comes first because ids that grow with the time
    // (UUIDv7) then all land on one page, whatever their session.
    index("entries_by_id").on(table.entryId, table.sessionKey),
    check("entries_seq", sql`seq BETWEEN 0 AND 2147483646`),
    check("entries_id", sql`length(entry_id) = 36`),
    check(
      "entries_type",
      sql`type IN ('user_message', 'assistant_message', 'system_message', 'tool_call', 'skill_execution', 'evaluation_result', 'system_event')`,
    ),
  ],
);

/**
 * How far `search_index` has come, in one row: rows of `entries` and `sessions` with a greater key wait to be indexed.
 * An append so pays nothing for the index; a search first brings it up to date. Where the rows with the greatest keys are
 * deleted, their keys are given out again: then the mark has to go back with them.
 */
export const searchProgress = sqliteTable(
  "search_progress",
  {
    id: integer().primaryKey(),
    entryKey: integer("entry_key").notNull(),
    sessionKey: integer("session_key").notNull(),
  },
  () => [check("search_progress_one_row", sql`id = 1`)],
);

/**
 * The last changes, for the watchers of other processes, and where revisions come from, but for the appends: those are told
 * by the revisions of the sessions that move, and come here when they settle. Only the oldest rows are ever removed, never
 * the last.
 */
export const changes = sqliteTable(
  "changes",
  {
    seq: integer().primaryKey(),
    sessionId: text("session_id").notNull(),
    type: text().notNull(),
  },
  () => [check("changes_type", sql`type IN ('created', 'changed', 'deleted')`)],
);
