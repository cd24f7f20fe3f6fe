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

// The tables in drizzle's terms, from which drizzle-kit generates the migrations and filters are compiled.
// STRICT, WITHOUT ROWID and `search_index` (FTS5) are missing here, since drizzle cannot express them: they
// are added to the generated SQL by hand. A generated migration that recreates a table has to be edited in
// the same way.

/**
 * How many of the last changes the table `changes` is sure to hold. A watcher that falls further behind has
 * to read everything again.
 */
export const KEPT_REVISIONS = 10_000;

/** A field of the session type as a column to filter by, NULL where the type has none: not stored. */
function typeField(column: string, name: string) {
  const expression = `CASE WHEN json_valid(type_fields) THEN json_extract(type_fields, '$.${name}') END`;
  return text(column).generatedAlwaysAs(sql.raw(expression), { mode: "virtual" });
}

/** One row for each session, everything but its entries and its context. */
export const sessions = sqliteTable(
  "sessions",
  {
    // Below 2^31, because key and seq together make the rowid of `search_index`.
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
    /** JSON array, in order and with duplicates; `session_tags` is derived from it. */
    tags: text().notNull(),
    parentSession: text("parent_session"),
    entryCount: integer("entry_count").notNull(),
    turnCount: integer("turn_count").notNull(),
    userMessageCount: integer("user_message_count").notNull(),
    assistantMessageCount: integer("assistant_message_count").notNull(),
    awaitingAssistant: integer("awaiting_assistant").notNull(),
    /** The number of the last change, counted over all sessions, so that no version is ever used twice. */
    revision: integer().notNull(),
    /** Of core's rules/epoch.ts; its numbers are revisions. */
    epoch: text().notNull().default("0"),
    /** 1: the indices by `updated_at` do not have the session; see deferred-time-index.ts. */
    timeIndexPending: integer("moving").notNull().default(0),
    skillName: typeField("skill_name", "skillName"),
    agentName: typeField("agent_name", "agentName"),
    model: typeField("model", "model"),
    task: typeField("task", "task"),
  },
  (table) => [
    unique("sessions_by_id").on(table.id),
    // The name comes last so that `nameContains` reads the index and not the rows.
    index("sessions_by_updated").on(table.updatedAt, table.id, table.nameLower).where(sql`moving = 0`),
    index("sessions_by_created").on(table.createdAt, table.id, table.nameLower),
    index("sessions_by_status_updated").on(table.status, table.updatedAt, table.id).where(sql`moving = 0`),
    index("sessions_by_status_created").on(table.status, table.createdAt, table.id),
    index("sessions_by_type_updated").on(table.type, table.updatedAt, table.id).where(sql`moving = 0`),
    index("sessions_by_type_created").on(table.type, table.createdAt, table.id),
    // Partial, so that a session without a parent costs nothing here.
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
    index("sessions_by_skill").on(table.skillName).where(sql`skill_name IS NOT NULL`),
    index("sessions_by_agent").on(table.agentName).where(sql`agent_name IS NOT NULL`),
    index("sessions_moving").on(table.timeIndexPending).where(sql`moving = 1`),
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

/** The context, separate from the row that every append rewrites. */
export const contexts = sqliteTable("contexts", {
  sessionKey: integer("session_key")
    .primaryKey()
    .references(() => sessions.key, { onDelete: "cascade" }),
  /** JSON object. */
  context: text().notNull(),
});

/**
 * The tags of each session without duplicates. The times and the id are copies, for a list by tag in every
 * order; `updated_at` is out of date while the session's time index is pending.
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
 * The entries in the order in which they were written, so that a commit for many sessions touches few pages.
 * The unique index finds those of one session.
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
    // Not unique: sessions imported from the original's files can hold an id twice. The id comes first
    // because ids that grow with time (UUIDv7) then go to one page, whatever their session.
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
 * How far `search_index` is, in one row: rows of `entries` and `sessions` with a greater key are still to be
 * indexed. So an append does not pay for the index; a search brings it up to date first. SQLite reuses the
 * greatest keys after their rows are deleted: then these marks have to go back.
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
 * Long entries are indexed in passages, each a row of `search_index` of its own. Its rowid is `-key`: those
 * of other entries and of names are above 0.
 */
export const searchPassages = sqliteTable(
  "search_passages",
  {
    key: integer().primaryKey(),
    sessionKey: integer("session_key").notNull(),
    seq: integer().notNull(),
    /** From 0 on. */
    passage: integer().notNull(),
  },
  (table) => [uniqueIndex("search_passages_by_entry").on(table.sessionKey, table.seq, table.passage)],
);

/**
 * The last changes, for watchers in other processes, and the source of revisions. Appends come here only when
 * the deferred time index is flushed. Only the oldest rows are ever removed, never the last one.
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

/** What the file says about itself, in one row at most: to which list of shards it belongs. */
export const label = sqliteTable("label", { id: integer().primaryKey(), label: text().notNull() }, () => [
  check("label_one_row", sql`id = 1`),
]);
