import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";

// The tables in drizzle's terms, from which drizzle-kit generates the migrations. The statements of the hot
// path are SQL text of their own. What drizzle cannot express (COLLATE, storage parameters) is added to the
// generated SQL by hand, and a generated migration that recreates a table has to be edited in the same way.
// No foreign keys: each would be a trigger for every row of the busiest insert, and a lock on the head's row.

/** Stands in the generated SQL for the schema that the store's URL names. */
const schema = pgSchema("thulp_sessions");

const time = (column: string) => bigint(column, { mode: "number" });
const xid8 = customType<{ data: string }>({ dataType: () => "xid8" });
const tsvector = customType<{ data: string }>({ dataType: () => "tsvector" });
const uuids = customType<{ data: string }>({ dataType: () => "uuid[]" });

/** One row: what this place is, and which programs may use it. */
export const meta = schema.table(
  "meta",
  {
    one: boolean().primaryKey().default(true),
    storeId: uuid("store_id").notNull(),
    /** How many migrations have been applied. */
    version: integer().notNull(),
    /** Programs that know fewer migrations than that refuse to read, or to write. */
    minReader: integer("min_reader").notNull(),
    minWriter: integer("min_writer").notNull(),
    /** To which list of shards it belongs; NULL where it belongs to none. */
    label: text(),
  },
  () => [check("meta_one", sql`one`)],
);

/** What an append does not touch. Texts that may hold U+0000 are stored as text-code.ts says. */
export const sessions = schema.table(
  "sessions",
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    /** `toLowerCase` of JavaScript, for `nameContains`. */
    nameLower: text("name_lower").notNull(),
    type: text().notNull(),
    /** JSON object: the session type without its tag. */
    typeFields: text("type_fields").notNull(),
    /** Fields of the type to filter by; NULL where it has none. */
    skillName: text("skill_name"),
    agentName: text("agent_name"),
    model: text(),
    task: text(),
    createdAt: time("created_at").notNull(),
    /** `updated_at` of the head as the indices know it: right while the head is not `index_pending`. */
    listedAt: time("listed_at").notNull(),
    status: text().notNull(),
    /** JSON array, in order and with duplicates; `session_tags` is derived from it. */
    tags: text().notNull(),
    parentSession: uuid("parent_session"),
    /** JSON object. */
    context: text().notNull(),
  },
  (table) => [
    index("sessions_listed").on(table.listedAt, table.id),
    index("sessions_created").on(table.createdAt, table.id),
    index("sessions_status_listed").on(table.status, table.listedAt, table.id),
    index("sessions_status_created").on(table.status, table.createdAt, table.id),
    index("sessions_type_listed").on(table.type, table.listedAt, table.id),
    index("sessions_type_created").on(table.type, table.createdAt, table.id),
    // Partial, so that a session without a parent costs nothing here.
    index("sessions_parent_listed")
      .on(table.parentSession, table.listedAt, table.id)
      .where(sql`parent_session IS NOT NULL`),
    index("sessions_parent_created")
      .on(table.parentSession, table.createdAt, table.id)
      .where(sql`parent_session IS NOT NULL`),
    index("sessions_with_parent_listed").on(table.listedAt, table.id).where(sql`parent_session IS NOT NULL`),
    // By a hash, since the rows of an index are limited to 2,704 bytes, and names are not.
    index("sessions_skill_listed")
      .on(sql`hashtextextended(skill_name, 0)`, table.listedAt, table.id)
      .where(sql`skill_name IS NOT NULL`),
    index("sessions_agent_listed")
      .on(sql`hashtextextended(agent_name, 0)`, table.listedAt, table.id)
      .where(sql`agent_name IS NOT NULL`),
    check("sessions_status", sql`status IN ('active', 'completed', 'failed', 'cancelled', 'paused')`),
    check(
      "sessions_type",
      sql`type IN ('teacher_demo', 'evaluation', 'refinement', 'conversation', 'agent')`,
    ),
  ],
);

/**
 * The row that every append rewrites: narrow, and with no index on what an append changes, so that the new
 * row goes to the same page as the old one and no index is touched (HOT).
 */
export const heads = schema.table(
  "heads",
  {
    sessionId: uuid("session_id").primaryKey(),
    createdAt: time("created_at").notNull(),
    updatedAt: time("updated_at").notNull(),
    status: text().notNull(),
    entryCount: integer("entry_count").notNull(),
    turnCount: integer("turn_count").notNull(),
    userCount: integer("user_count").notNull(),
    assistantCount: integer("assistant_count").notNull(),
    awaiting: boolean().notNull(),
    /** Counts the changes of the session; with `stamp`, the change's random number, it is the version. */
    revision: time("revision").notNull(),
    stamp: time("stamp").notNull(),
    /** Of core's rules/epoch.ts; its numbers are microseconds of the database's clock. */
    epoch: text().notNull(),
    /** Entries below it are in `search_docs`; -1: not even the name. */
    indexed: integer().notNull(),
    /** One more for each change that makes void what the indexing of this session has read. */
    indexRound: integer("index_round").notNull(),
    /** The indices by time and the index for search do not have the last changes. */
    indexPending: boolean("index_pending").notNull(),
    /**
     * A program that does not index (`search=off`) has brought the indices by time up to date, and left the
     * words from `indexed` on to others. Not part of `index_pending`, which lists have to look at.
     */
    wordsPending: boolean("words_pending").notNull().default(false),
  },
  (table) => [
    index("heads_index_pending").on(table.sessionId).where(sql`index_pending`),
    index("heads_words_pending").on(table.sessionId).where(sql`words_pending`),
    check("heads_counts", sql`entry_count >= 0 AND turn_count >= 0 AND indexed >= -1`),
  ],
);

/** The tags of each session without duplicates; the times are copies, for a list by tag in every order. */
export const sessionTags = schema.table(
  "session_tags",
  {
    sessionId: uuid("session_id").notNull(),
    /** 128 bits of SHA-256 of the tag: a tag may be longer than the row of an index. */
    tagKey: uuid("tag_key").notNull(),
    tag: text().notNull(),
    createdAt: time("created_at").notNull(),
    listedAt: time("listed_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.tagKey] }),
    index("session_tags_listed").on(table.tagKey, table.listedAt, table.sessionId),
    index("session_tags_created").on(table.tagKey, table.createdAt, table.sessionId),
  ],
);

export const entries = schema.table(
  "entries",
  {
    sessionId: uuid("session_id").notNull(),
    seq: integer().notNull(),
    entryId: uuid("entry_id").notNull(),
    timestamp: time("at").notNull(),
    type: text().notNull(),
    /** JSON object: the entry type without its tag; NULL where there is nothing else. */
    typeFields: text("type_fields"),
    /** JSON. Never jsonb, which refuses U+0000 and changes numbers. */
    content: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.seq] }),
    // Not unique: sessions imported from the original's files can hold an id twice.
    index("entries_by_id").on(table.sessionId, table.entryId),
    check("entries_seq", sql`seq >= 0`),
  ],
);

/**
 * The words of each entry, and with the `seq` -1 those of the session's name, without positions: they say
 * what may match. They are added later than the entries; `heads.indexed` says how far, and where that is not
 * all, `index_pending` or `words_pending` is true. NULL: it has more words than a tsvector holds, and may
 * always match.
 */
export const searchDocs = schema.table(
  "search_docs",
  {
    sessionId: uuid("session_id").notNull(),
    seq: integer().notNull(),
    words: tsvector(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.seq] }),
    index("search_docs_words").using("gin", table.words),
    index("search_docs_all").on(table.sessionId, table.seq).where(sql`words IS NULL`),
  ],
);

/** One row for each commit: the log for watchers, and the receipt for commits whose answer was lost. */
export const commits = schema.table("commits", {
  tx: xid8().primaryKey().default(sql`pg_current_xact_id()`),
  token: uuid().notNull(),
  ids: uuids().notNull(),
  /** A letter for each id: c(reated), u(pdated), d(eleted). */
  kinds: text().notNull(),
  at: timestamp({ withTimezone: true }).notNull().defaultNow(),
});
