import type {
  EntryId,
  EntryType,
  JsonObject,
  JsonValue,
  SessionEntry,
  SessionHead,
  SessionId,
  SessionMetadata,
  SessionStatus,
  SessionType,
  StoredEntry,
} from "@thulp-sessions/core";
import type { EntryCounts } from "@thulp-sessions/core/store";
import { corruptError } from "../connection/sqlite-errors.ts";
import type { sessions } from "./schema.ts";

type AllColumns = typeof sessions.$inferSelect;
type Filtered = "nameLower" | "skillName" | "agentName" | "model" | "task";
type NotMetadata = Filtered | "revision" | "epoch" | "timeIndexPending" | keyof EntryCounts;

/** The columns of a session that make its metadata, and its key. */
export type MetadataRow = Omit<AllColumns, NotMetadata>;

/** In SELECT, for rows of the type {@link MetadataRow}. */
export const METADATA_COLUMNS = `
  sessions.key, sessions.id, sessions.name, sessions.type, sessions.type_fields AS typeFields,
  sessions.created_at AS createdAt, sessions.updated_at AS updatedAt, sessions.status, sessions.tags,
  sessions.parent_session AS parentSession`;

export type SessionRow = Omit<AllColumns, Filtered>;

/** In SELECT, for rows of the type {@link SessionRow}. */
export const SESSION_COLUMNS = `${METADATA_COLUMNS},
  entry_count AS entryCount, turn_count AS turnCount, user_message_count AS userMessageCount,
  assistant_message_count AS assistantMessageCount, awaiting_assistant AS awaitingAssistant,
  revision, epoch, moving AS timeIndexPending`;

/** In SELECT, for rows of the type {@link EntryRow}: arrays, which cost the least where many are read. */
export const ENTRY_COLUMNS = "seq, entry_id, timestamp, type, type_fields, content";
export type EntryRow = readonly [
  seq: number,
  entryId: string,
  timestamp: number,
  type: string,
  typeFields: string | null,
  content: string,
];

/** @throws {SessionError} corrupt */
export function metadataOf(row: MetadataRow, file: string): SessionMetadata {
  return {
    id: row.id as SessionId,
    name: row.name,
    sessionType: {
      type: row.type,
      ...parseJson<object>(row.typeFields, file, row.id, "sessionType"),
    } as SessionType,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    status: row.status as SessionStatus,
    tags: parseJson<string[]>(row.tags, file, row.id, "tags"),
    parentSession: row.parentSession as SessionId | null,
  };
}

/** The columns of a session's row that come from its metadata. */
export function metadataRow(metadata: SessionMetadata): Omit<MetadataRow, "key"> & { nameLower: string } {
  const { type, ...fields } = metadata.sessionType;
  return {
    id: metadata.id,
    name: metadata.name,
    nameLower: metadata.name.toLowerCase(),
    type,
    typeFields: JSON.stringify(fields),
    createdAt: metadata.createdAt,
    updatedAt: metadata.updatedAt,
    status: metadata.status,
    tags: JSON.stringify(metadata.tags),
    parentSession: metadata.parentSession,
  };
}

export function countsOf(row: Pick<SessionRow, keyof EntryCounts>): EntryCounts {
  return {
    entryCount: row.entryCount,
    turnCount: row.turnCount,
    userMessageCount: row.userMessageCount,
    assistantMessageCount: row.assistantMessageCount,
    awaitingAssistant: row.awaitingAssistant === 1,
  };
}

export function countsRow(counts: EntryCounts): Pick<SessionRow, keyof EntryCounts> {
  return { ...counts, awaitingAssistant: counts.awaitingAssistant ? 1 : 0 };
}

export function headOf(
  metadata: SessionMetadata,
  context: JsonObject,
  { awaitingAssistant: _, ...counts }: EntryCounts,
  { revision, epoch }: Pick<SessionRow, "revision" | "epoch">,
): SessionHead {
  return { metadata, context, ...counts, version: String(revision), epoch };
}

/** @throws {SessionError} corrupt */
export function contextOf(text: string | null, file: string, sessionId: string): JsonObject {
  if (text === null) throw corruptError(file, sessionId, "context");
  return parseJson<JsonObject>(text, file, sessionId, "context");
}

/** @throws {SessionError} corrupt */
export function entryOf(row: EntryRow, file: string, sessionId: string): StoredEntry {
  const [seq, id, timestamp, type, typeFields, content] = row;
  const fields = typeFields && parseJson<object>(typeFields, file, sessionId, `entries[${seq}].entryType`);
  return {
    id: id as EntryId,
    timestamp,
    entryType: (fields ? { type, ...fields } : { type }) as EntryType,
    content: parseJson<JsonValue>(content, file, sessionId, `entries[${seq}].content`),
    seq,
  };
}

/** The type of an entry as two columns: its tag, and its other fields as JSON if it has any. */
export function entryTypeRow(
  entryType: SessionEntry["entryType"],
): [type: string, typeFields: string | null] {
  const { type, ...fields } = entryType;
  return [type, Object.keys(fields).length === 0 ? null : JSON.stringify(fields)];
}

/** @throws {SessionError} corrupt */
export function parseJson<T>(text: string, file: string, sessionId: string, place: string): T {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corruptError(file, sessionId, place, cause);
  }
}
