import type {
  JsonObject,
  SessionHead,
  SessionId,
  SessionMetadata,
  SessionStatus,
} from "@thulp-sessions/core";
import { type EntryCounts, notFound, versionConflict } from "@thulp-sessions/core/store";
import { eq, type SQL, sql } from "drizzle-orm";
import type { Database } from "../connection/database.ts";
import { lazily } from "../connection/lazy.ts";
import { HeadCache } from "./head-cache.ts";
import { contextOf, countsOf, countsRow, metadataOf, metadataRow } from "./rows.ts";
import { contexts, sessions, sessionTags } from "./schema.ts";

/** A session as its row has it, without context and entries. */
export interface SessionRecord {
  readonly key: number;
  readonly metadata: SessionMetadata;
  readonly counts: EntryCounts;
  readonly revision: number;
}

type HeadColumns = [
  context: string | null,
  revision: number,
  entryCount: number,
  turnCount: number,
  userMessageCount: number,
  assistantMessageCount: number,
  name: string,
  type: string,
  typeFields: string,
  createdAt: number,
  updatedAt: number,
  status: SessionStatus,
  tags: string,
  parentSession: string | null,
];

/** The rows of `sessions`, `contexts` and `session_tags`, which are written together. */
export class SessionTable {
  readonly #file: string;
  readonly #heads: HeadCache;
  readonly #head;
  readonly #find;
  readonly #findContext;
  readonly #locate;
  readonly #insert;
  readonly #update;
  readonly #delete;
  readonly #insertContext;
  readonly #updateContext;
  readonly #insertTag;
  readonly #moveTags;
  readonly #deleteTags;

  constructor(database: Database) {
    const { client, orm, file } = database;
    this.#file = file;
    this.#heads = new HeadCache(database);
    // Below drizzle, as what an append does and for the same reason (entry-table.ts): what is asked for most, and what
    // copying many sessions does for each.
    this.#head = client
      .prepare<[string], HeadColumns>(
        "SELECT context, revision, entry_count, turn_count, user_message_count, assistant_message_count, " +
          "name, type, type_fields, created_at, updated_at, status, tags, parent_session " +
          "FROM sessions LEFT JOIN contexts ON session_key = key WHERE id = ?",
      )
      .raw();
    this.#find = lazily(() =>
      orm
        .select()
        .from(sessions)
        .where(eq(sessions.id, sql.placeholder("id")))
        .prepare(),
    );
    this.#findContext = lazily(() =>
      orm
        .select({ context: contexts.context })
        .from(contexts)
        .where(eq(contexts.sessionKey, sql.placeholder("key")))
        .prepare(),
    );
    this.#locate = lazily(() =>
      orm
        .select({ key: sessions.key, revision: sessions.revision })
        .from(sessions)
        .where(eq(sessions.id, sql.placeholder("id")))
        .prepare(),
    );
    this.#insert = client.prepare(
      "INSERT INTO sessions (id, name, name_lower, type, type_fields, created_at, updated_at, status, tags, parent_session, " +
        "entry_count, turn_count, user_message_count, assistant_message_count, awaiting_assistant, revision) " +
        "VALUES (@id, @name, @nameLower, @type, @typeFields, @createdAt, @updatedAt, @status, @tags, @parentSession, " +
        "@entryCount, @turnCount, @userMessageCount, @assistantMessageCount, @awaitingAssistant, @revision)",
    );
    this.#update = lazily(() =>
      orm
        .update(sessions)
        .set(rowPlaceholders())
        .where(eq(sessions.key, sql.placeholder("key")))
        .prepare(),
    );
    this.#delete = lazily(() =>
      orm
        .delete(sessions)
        .where(eq(sessions.key, sql.placeholder("key")))
        .prepare(),
    );
    this.#insertContext = client.prepare("INSERT INTO contexts (session_key, context) VALUES (?, ?)");
    this.#updateContext = lazily(() =>
      orm
        .update(contexts)
        .set({ context: sql`${sql.placeholder("context")}` })
        .where(eq(contexts.sessionKey, sql.placeholder("key")))
        .prepare(),
    );
    this.#insertTag = client.prepare(
      "INSERT INTO session_tags (session_key, tag, session_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
    );
    this.#moveTags = lazily(() =>
      orm
        .update(sessionTags)
        .set({ updatedAt: sql`${sql.placeholder("updatedAt")}` })
        .where(eq(sessionTags.sessionKey, sql.placeholder("key")))
        .prepare(),
    );
    this.#deleteTags = lazily(() =>
      orm
        .delete(sessionTags)
        .where(eq(sessionTags.sessionKey, sql.placeholder("key")))
        .prepare(),
    );
  }

  /** `undefined` when there is none. Reads nothing else of the row, which may be damaged. */
  locate(id: SessionId): { readonly key: number; readonly revision: number } | undefined {
    return this.#locate().get({ id });
  }

  /** @throws {SessionError} not_found, conflict, corrupt */
  find(id: SessionId, expectedVersion?: string): SessionRecord {
    const row = this.#find().get({ id });
    if (!row) throw notFound(id);
    checkVersion(id, row.revision, expectedVersion);
    return {
      key: row.key,
      metadata: metadataOf(row, this.#file),
      counts: countsOf(row),
      revision: row.revision,
    };
  }

  /** @throws {SessionError} corrupt */
  contextOf({ key, metadata }: SessionRecord): JsonObject {
    return contextOf(this.#findContext().get({ key })?.context ?? null, this.#file, metadata.id);
  }

  /** Without a transaction. The same frozen head until the session changes. @throws {SessionError} not_found, corrupt */
  head(id: SessionId): SessionHead {
    const known = this.#heads.get(id);
    if (known) return known;
    const found = this.#head.get(id);
    if (!found) throw notFound(id);
    const [context, revision, entryCount, turnCount, users, assistants, ...columns] = found;
    const [name, type, typeFields, createdAt, updatedAt, status, tags, parentSession] = columns;
    const row = { id, name, type, typeFields, createdAt, updatedAt, status, tags, parentSession };
    const head = {
      metadata: metadataOf(row, this.#file),
      context: contextOf(context, this.#file, id),
      entryCount,
      turnCount,
      userMessageCount: users,
      assistantMessageCount: assistants,
      version: String(revision),
    };
    this.#heads.put(head, context?.length ?? 0);
    return head;
  }

  /** To be told of every change of a session once it is committed. */
  forgetHead(id: SessionId): void {
    this.#heads.forget(id);
  }

  /** Gives the new session's key. */
  insert(metadata: SessionMetadata, context: JsonObject, counts: EntryCounts, revision: number): number {
    const { lastInsertRowid } = this.#insert.run({
      ...metadataRow(metadata),
      ...countsRow(counts),
      revision,
    });
    const key = Number(lastInsertRowid);
    this.#insertContext.run(key, JSON.stringify(context));
    this.#insertTags(key, metadata);
    return key;
  }

  /** @param context absent: it stays as it is. */
  update(
    { key, metadata: before }: SessionRecord,
    metadata: SessionMetadata,
    counts: EntryCounts,
    revision: number,
    context?: JsonObject,
  ): void {
    this.#update().run({ ...metadataRow(metadata), ...countsRow(counts), revision, key });
    if (context !== undefined) this.#updateContext().run({ key, context: JSON.stringify(context) });
    if (sameTags(before, metadata)) {
      if (metadata.tags.length > 0) this.#moveTags().run({ key, updatedAt: metadata.updatedAt });
    } else {
      this.#deleteTags().run({ key });
      this.#insertTags(key, metadata);
    }
  }

  /** Takes the context, the tags and the entries with it. */
  delete(key: number): void {
    this.#delete().run({ key });
  }

  #insertTags(key: number, { id, tags, createdAt, updatedAt }: SessionMetadata): void {
    for (const tag of new Set(tags)) this.#insertTag.run(key, tag, id, createdAt, updatedAt);
  }
}

/** @throws {SessionError} conflict */
export function checkVersion(id: SessionId, revision: number, expected: string | undefined): void {
  if (expected !== undefined && expected !== String(revision)) throw versionConflict(id, String(revision));
}

function sameTags(a: SessionMetadata, b: SessionMetadata): boolean {
  return (
    a.createdAt === b.createdAt &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag, i) => tag === b.tags[i])
  );
}

const ROW_COLUMNS = [
  "id",
  "name",
  "nameLower",
  "type",
  "typeFields",
  "createdAt",
  "updatedAt",
  "status",
  "tags",
  "parentSession",
  "entryCount",
  "turnCount",
  "userMessageCount",
  "assistantMessageCount",
  "awaitingAssistant",
  "revision",
] as const;

function rowPlaceholders(): Record<(typeof ROW_COLUMNS)[number], SQL> {
  const placeholders = ROW_COLUMNS.map((column) => [column, sql`${sql.placeholder(column)}`]);
  return Object.fromEntries(placeholders) as Record<(typeof ROW_COLUMNS)[number], SQL>;
}
