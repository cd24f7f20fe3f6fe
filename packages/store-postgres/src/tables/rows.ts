// What the columns of a row are in core's terms, and the other way round.
import { createHash } from "node:crypto";
import {
  type EntryId,
  type EntryType,
  type JsonObject,
  type JsonValue,
  type SessionEntry,
  SessionError,
  type SessionId,
  type SessionMetadata,
  type SessionStatus,
  type SessionType,
  type StoredEntry,
  type Timestamp,
} from "@thulp-sessions/core";
import type { EntryCounts } from "@thulp-sessions/core/store";
import { decodeText, encodeText } from "./text-code.ts";

/** What a session's row in `heads` says. */
export interface HeadState {
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly status: SessionStatus;
  readonly counts: EntryCounts;
  readonly revision: number;
  readonly stamp: number;
  readonly epoch: string;
}

/** In SELECT, for {@link headStateOf}. */
export const HEAD_COLUMNS = `h.created_at, h.updated_at, h.status, h.entry_count, h.turn_count, h.user_count,
  h.assistant_count, h.awaiting, h.revision, h.stamp, h.epoch`;
type HeadRow = [number, number, string, number, number, number, number, boolean, number, number, string];

/** @param row columns of {@link HEAD_COLUMNS}. */
export function headStateOf(row: readonly unknown[]): HeadState {
  const [createdAt, updatedAt, status, ...rest] = row as HeadRow;
  const [entryCount, turnCount, userMessageCount, assistantMessageCount, ...others] = rest;
  const [awaitingAssistant, revision, stamp, epoch] = others;
  const counts = { entryCount, turnCount, userMessageCount, assistantMessageCount, awaitingAssistant };
  return { createdAt, updatedAt, status: status as SessionStatus, counts, revision, stamp, epoch };
}

/** A counter of the session and a random number: no state of any session, deleted ones included, had it. */
export function versionOf({ revision, stamp }: Pick<HeadState, "revision" | "stamp">): string {
  return `${revision}.${stamp}`;
}

/** In SELECT, for {@link metadataOf}. `updated_at` comes from elsewhere. */
export const METADATA_COLUMNS =
  "s.id, s.name, s.type, s.type_fields, s.created_at, s.status, s.tags, s.parent_session";
export const METADATA_WIDTH = 8;
type MetadataRow = [string, string, string, string, number, string, string, string | null];

/** @param row columns of {@link METADATA_COLUMNS}. @throws {SessionError} corrupt */
export function metadataOf(row: readonly unknown[], updatedAt: Timestamp): SessionMetadata {
  const [id, name, type, typeFields, createdAt, status, tags, parentSession] = row as MetadataRow;
  const fields = parseFlat(typeFields, id, "sessionType");
  if (!isRecord(fields)) throw corrupt(id, "sessionType", new TypeError("It is no object."));
  const tagList = parseFlat(tags, id, "tags");
  if (!Array.isArray(tagList)) throw corrupt(id, "tags", new TypeError("It is no list."));
  return {
    id: id as SessionId,
    name: decodeText(name),
    sessionType: { type, ...fields } as SessionType,
    createdAt,
    updatedAt,
    status: status as SessionStatus,
    tags: [...tagList],
    parentSession: parentSession as SessionId | null,
  };
}

/** The columns of `sessions` that come from the metadata, by name. */
export function sessionColumns(metadata: SessionMetadata): Readonly<Record<string, unknown>> {
  const { type, ...fields } = metadata.sessionType;
  const given = fields as Partial<Record<"skillName" | "agentName" | "model" | "task", string>>;
  const stored = (text: string | undefined) => (text === undefined ? null : encodeText(text));
  return {
    id: metadata.id,
    name: encodeText(metadata.name),
    name_lower: encodeText(metadata.name.toLowerCase()),
    type,
    type_fields: JSON.stringify(fields),
    skill_name: stored(given.skillName),
    agent_name: stored(given.agentName),
    model: stored(given.model),
    task: stored(given.task),
    created_at: metadata.createdAt,
    status: metadata.status,
    tags: JSON.stringify(metadata.tags),
    parent_session: metadata.parentSession,
  };
}

/** @throws {SessionError} corrupt */
export function contextOf(text: string, sessionId: string): JsonObject {
  return parseJson<JsonObject>(text, sessionId, "context");
}

/** In SELECT, for {@link entryOf}. */
export const ENTRY_COLUMNS = "e.seq, e.entry_id, e.at, e.type, e.type_fields, e.content";
type EntryRow = [number, string, number, string, string | null, string];

/** @param row columns of {@link ENTRY_COLUMNS}. @throws {SessionError} corrupt */
export function entryOf(row: readonly unknown[], sessionId: string): StoredEntry {
  const [seq, id, timestamp, type, typeFields, content] = row as EntryRow;
  const fields =
    typeFields === null ? {} : parseJson<object>(typeFields, sessionId, `entries[${seq}].entryType`);
  return {
    id: id as EntryId,
    timestamp,
    entryType: { type, ...fields } as EntryType,
    content: parseJson<JsonValue>(content, sessionId, `entries[${seq}].content`),
    seq,
  };
}

/** The type of an entry as two columns: its tag, and its other fields as JSON if it has any. */
export function entryTypeColumns({ entryType }: SessionEntry): [type: string, typeFields: string | null] {
  // Most have nothing else, and a copy without the tag would take as long as the rest of the row.
  if (Object.keys(entryType).length === 1) return [entryType.type, null];
  const { type, ...fields } = entryType;
  return [type, JSON.stringify(fields)];
}

/** The key of a tag: half of its SHA-256, as a UUID. */
export function tagKey(tag: string): string {
  const hex = createHash("sha256").update(tag).digest("hex");
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** `corrupt`, with the place. */
export function corrupt(sessionId: string, field: string, cause?: unknown): SessionError {
  return new SessionError(
    "corrupt",
    `Session ${sessionId} is damaged in the database at ${field}. Restore it from a backup; delete removes it.`,
    { cause, details: { sessionId, field } },
  );
}

/** What short texts are, which many sessions have: to parse each would be a good part of a page. */
const flatValues = new Map<string, unknown>();
const MAX_FLAT_VALUES = 1_000;
const MAX_FLAT_LENGTH = 200;

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses what is copied before it is handed on: the value may be kept for others. */
function parseFlat(text: string, sessionId: string, field: string): unknown {
  const known = flatValues.get(text);
  if (known !== undefined) return known;
  const value = parseJson<unknown>(text, sessionId, field);
  if (
    text.length <= MAX_FLAT_LENGTH &&
    Object.values(value ?? {}).every((each) => typeof each !== "object")
  ) {
    if (flatValues.size >= MAX_FLAT_VALUES) flatValues.clear();
    flatValues.set(text, value);
  }
  return value;
}

function parseJson<T>(text: string, sessionId: string, field: string): T {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corrupt(sessionId, field, cause);
  }
}
