import type { JsonObject, SessionHead, SessionId, SessionMetadata } from "@thulp-sessions/core";
import { type EntryCounts, firstEpoch, notFound, versionConflict } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { HeadCache } from "./head-cache.ts";
import {
  contextOf,
  countsOf,
  countsRow,
  headOf,
  metadataOf,
  metadataRow,
  SESSION_COLUMNS,
  type SessionRow,
} from "./rows.ts";

/** A session without its entries. */
export interface SessionRecord {
  readonly key: number;
  readonly metadata: SessionMetadata;
  readonly counts: EntryCounts;
  readonly revision: number;
  readonly epoch: string;
  /** JSON; `null` where the row is missing. See {@link SessionTable.contextOf}. */
  readonly contextText: string | null;
}

/** What says where the rows of a session are, and of what state. */
export type SessionPlace = Pick<SessionRecord, "key" | "revision" | "epoch">;

/** The rows of `sessions`, `contexts` and `session_tags`, which are written together. */
export class SessionTable {
  readonly #file: string;
  readonly #heads: HeadCache;
  readonly #find;
  readonly #locate;
  readonly #insert;
  readonly #update;
  readonly #delete;
  readonly #insertContext;
  readonly #updateContext;
  readonly #insertTag;
  readonly #updateTags;
  readonly #deleteTags;

  constructor(database: Database) {
    const { client, file } = database;
    this.#file = file;
    this.#heads = new HeadCache(database);
    this.#find = client.prepare<[string], SessionRow & { contextText: string | null }>(`
      SELECT ${SESSION_COLUMNS}, context AS contextText
      FROM sessions LEFT JOIN contexts ON session_key = key
      WHERE id = ?`);
    this.#locate = client.prepare<[string], SessionPlace>(
      "SELECT key, revision, epoch FROM sessions WHERE id = ?",
    );
    this.#insert = client.prepare(`
      INSERT INTO sessions (
        id, name, name_lower, type, type_fields, created_at, updated_at, status, tags, parent_session,
        entry_count, turn_count, user_message_count, assistant_message_count, awaiting_assistant, revision,
        epoch
      ) VALUES (
        @id, @name, @nameLower, @type, @typeFields, @createdAt, @updatedAt, @status, @tags, @parentSession,
        @entryCount, @turnCount, @userMessageCount, @assistantMessageCount, @awaitingAssistant, @revision,
        @epoch
      )`);
    this.#update = client.prepare(`
      UPDATE sessions SET
        name = @name, name_lower = @nameLower, type = @type, type_fields = @typeFields,
        created_at = @createdAt, updated_at = @updatedAt, status = @status, tags = @tags,
        parent_session = @parentSession, entry_count = @entryCount, turn_count = @turnCount,
        user_message_count = @userMessageCount, assistant_message_count = @assistantMessageCount,
        awaiting_assistant = @awaitingAssistant, revision = @revision, epoch = @epoch
      WHERE key = @key`);
    this.#delete = client.prepare("DELETE FROM sessions WHERE key = ?");
    this.#insertContext = client.prepare("INSERT INTO contexts (session_key, context) VALUES (?, ?)");
    this.#updateContext = client.prepare("UPDATE contexts SET context = ? WHERE session_key = ?");
    this.#insertTag = client.prepare(`
      INSERT INTO session_tags (session_key, tag, session_id, created_at, updated_at)
      VALUES (?, ?, ?, ?, ?)`);
    this.#updateTags = client.prepare("UPDATE session_tags SET updated_at = ? WHERE session_key = ?");
    this.#deleteTags = client.prepare("DELETE FROM session_tags WHERE session_key = ?");
  }

  /** `undefined` when there is none. Reads nothing else of the row, which may be damaged. */
  locate(id: SessionId): SessionPlace | undefined {
    return this.#locate.get(id);
  }

  /** @throws {SessionError} not_found, conflict, corrupt */
  find(id: SessionId, expectedVersion?: string): SessionRecord {
    const row = this.#find.get(id);
    if (!row) throw notFound(id);
    checkVersion(id, row.revision, expectedVersion);
    const { key, revision, epoch, contextText } = row;
    const metadata = metadataOf(row, this.#file);
    return { key, metadata, counts: countsOf(row), revision, epoch, contextText };
  }

  /** @throws {SessionError} corrupt */
  contextOf({ contextText, metadata }: SessionRecord): JsonObject {
    return contextOf(contextText, this.#file, metadata.id);
  }

  /**
   * The same frozen head until the session changes. Not to be called within a transaction that writes.
   *
   * @throws {SessionError} not_found, corrupt
   */
  head(id: SessionId): SessionHead {
    const cached = this.#heads.get(id);
    if (cached) return cached;
    const record = this.find(id);
    const head = headOf(record.metadata, this.contextOf(record), record.counts, record);
    this.#heads.put(head, record.contextText?.length ?? 0);
    return head;
  }

  /** To be called after each commit, with every session that it changed. */
  forgetHead(id: SessionId): void {
    this.#heads.delete(id);
  }

  /** @returns the key of the new session. */
  insert(metadata: SessionMetadata, context: JsonObject, counts: EntryCounts, revision: number): number {
    const epoch = firstEpoch(revision);
    const row = { ...metadataRow(metadata), ...countsRow(counts), revision, epoch };
    const key = Number(this.#insert.run(row).lastInsertRowid);
    this.#insertContext.run(key, JSON.stringify(context));
    this.#insertTags(key, metadata);
    return key;
  }

  /** @param context absent: it stays as it is. */
  update(
    { key, metadata: before }: SessionRecord,
    metadata: SessionMetadata,
    counts: EntryCounts,
    { revision, epoch }: Pick<SessionRecord, "revision" | "epoch">,
    context?: JsonObject,
  ): void {
    this.#update.run({ ...metadataRow(metadata), ...countsRow(counts), revision, epoch, key });
    if (context !== undefined) this.#updateContext.run(JSON.stringify(context), key);
    if (!hasSameTagRows(before, metadata)) {
      this.#deleteTags.run(key);
      this.#insertTags(key, metadata);
    } else if (metadata.tags.length > 0) this.#updateTags.run(metadata.updatedAt, key);
  }

  /** Deletes the context, the tags and the entries with it. */
  delete(key: number): void {
    this.#delete.run(key);
  }

  #insertTags(key: number, { id, tags, createdAt, updatedAt }: SessionMetadata): void {
    for (const tag of new Set(tags)) this.#insertTag.run(key, tag, id, createdAt, updatedAt);
  }
}

/** @throws {SessionError} conflict */
export function checkVersion(id: SessionId, revision: number, expected: string | undefined): void {
  if (expected !== undefined && expected !== String(revision)) throw versionConflict(id, String(revision));
}

/** Whether the rows of `session_tags` differ in `updated_at` at most. */
function hasSameTagRows(a: SessionMetadata, b: SessionMetadata): boolean {
  return (
    a.createdAt === b.createdAt &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag, i) => tag === b.tags[i])
  );
}
