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
import { getTableColumns } from "drizzle-orm";
import { corruptError } from "../connection/sqlite-errors.ts";
import { sessions } from "./schema.ts";

export type SessionRow = typeof sessions.$inferSelect;

const {
  nameLower,
  entryCount,
  turnCount,
  userMessageCount,
  assistantMessageCount,
  awaitingAssistant,
  revision,
  moving,
  ...metadataColumns
} = getTableColumns(sessions);

/** What of a session row makes its metadata, and its key. */
export { metadataColumns };
export type MetadataRow = Pick<SessionRow, keyof typeof metadataColumns>;

/** A row of `entries` as an array, in this order: what reading many of them costs least as. */
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
export function metadataOf(row: Omit<MetadataRow, "key">, file: string): SessionMetadata {
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

/** What of a session's metadata stands in its row; `key` and the counts are added by the caller. */
export function metadataRow(metadata: SessionMetadata) {
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
  } satisfies Partial<SessionRow>;
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

export function countsRow(counts: EntryCounts) {
  return { ...counts, awaitingAssistant: counts.awaitingAssistant ? 1 : 0 };
}

export function headOf(
  metadata: SessionMetadata,
  context: JsonObject,
  { awaitingAssistant: _, ...counts }: EntryCounts,
  revision: number,
): SessionHead {
  return { metadata, context, ...counts, version: String(revision) };
}

/** @throws {SessionError} corrupt */
export function contextOf(text: string | null, file: string, sessionId: string): JsonObject {
  if (text === null) throw corruptError(file, sessionId, "context");
  return parseJson<JsonObject>(text, file, sessionId, "context");
}

/** @throws {SessionError} corrupt */
export function entryOf(row: EntryRow, file: string, sessionId: string): StoredEntry {
  const [seq, id, timestamp, type, typeFields, content] = row;
  return {
    id: id as EntryId,
    timestamp,
    entryType: (typeFields === null
      ? { type }
      : {
          type,
          ...parseJson<object>(typeFields, file, sessionId, `entries[${seq}].entryType`),
        }) as EntryType,
    content: parseJson<JsonValue>(content, file, sessionId, `entries[${seq}].content`),
    seq,
  };
}

/** The type of an entry as it stands in its row: the tag, and the rest as JSON where there is any. */
export function entryTypeRow(
  entryType: SessionEntry["entryType"],
): [type: string, typeFields: string | null] {
  const { type, ...fields } = entryType;
  return [type, Object.keys(fields).length === 0 ? null : JSON.stringify(fields)];
}

export function parseJson<T>(text: string, file: string, sessionId: string, place: string): T {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corruptError(file, sessionId, place, cause);
  }
}
