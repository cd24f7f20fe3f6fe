import { isUtf8 } from "node:buffer";
import {
  isCanonicalUuid,
  SESSION_STATUSES,
  type SessionId,
  type SessionMetadata,
  type SessionStatus,
  type SessionType,
} from "@thulp-sessions/core";
import { type EncodedMetadata, METADATA_FIELDS, SESSION_TYPES, textOf } from "./codec.ts";
import { METADATA_OFFSET, PREFIX, UPDATED_AT_OFFSET, UPDATED_AT_WIDTH } from "./layout.ts";

/** Behind the metadata of our files. */
const FOLLOWING = '\n  },\n  "context": ';
const UPDATED_AT_END = UPDATED_AT_OFFSET + UPDATED_AT_WIDTH;
const FIELD_COUNT = METADATA_FIELDS.length;

/**
 * The metadata at the head of a file of ours, frozen; `null` when the decoder, which accepts everything that the original
 * accepts, has to say. The engine's own parser takes more than the original: so only what it writes again just as it stands
 * there is taken, which is so for everything that we have written.
 *
 * @param head the first bytes of a file.
 * @param sessionId under which the session is served.
 */
export function readLaidOutMetadata(head: Buffer, sessionId: SessionId): SessionMetadata | null {
  const text = textOf(head);
  if (!text.startsWith(PREFIX)) return null;
  const end = text.indexOf(FOLLOWING);
  if (end < 0) return null;
  if (text.length !== head.length && !isUtf8(head.subarray(0, Buffer.byteLength(text.slice(0, end)))))
    return null;
  const raw = parse(text.slice(METADATA_OFFSET, end + "\n  }".length));
  if (!raw || Object.keys(raw).length !== FIELD_COUNT) return null;
  const again = JSON.stringify({ metadata: raw }, null, 2);
  const comma = again.indexOf(",", UPDATED_AT_OFFSET);
  const asItStands =
    again.slice(UPDATED_AT_OFFSET, comma) === text.slice(UPDATED_AT_OFFSET, UPDATED_AT_END).trimStart() &&
    again.slice(comma, -"\n  }\n}".length) === text.slice(UPDATED_AT_END, end);
  return asItStands ? decoded(raw, sessionId) : null;
}

function parse(text: string): EncodedMetadata | null {
  try {
    return JSON.parse(text) as EncodedMetadata;
  } catch {
    return null;
  }
}

function decoded(raw: EncodedMetadata, sessionId: SessionId): SessionMetadata | null {
  const { id, name, status, tags, session_type, created_at, updated_at, parent_session } = raw;
  const sessionType = sessionTypeOf(session_type);
  const valid =
    sessionType !== null &&
    (id === sessionId || isUuid(id)) &&
    isText(name) &&
    isWhole(created_at) &&
    isWhole(updated_at) &&
    SESSION_STATUSES.includes(status as SessionStatus) &&
    Array.isArray(tags) &&
    tags.every(isText) &&
    (parent_session === null || isUuid(parent_session));
  if (!valid) return null;
  return Object.freeze({
    // The file's name is the session's identity.
    id: sessionId,
    name,
    sessionType,
    createdAt: created_at,
    updatedAt: updated_at,
    status: status as SessionStatus,
    tags: Object.freeze(tags) as readonly string[],
    parentSession: parent_session as SessionId | null,
  });
}

function sessionTypeOf(raw: unknown): SessionType | null {
  if (typeof raw !== "object" || raw === null) return null;
  const values = raw as Readonly<Record<string, unknown>>;
  const { type } = values;
  const fields = typeof type === "string" && Object.hasOwn(SESSION_TYPES, type) ? SESSION_TYPES[type] : null;
  if (!fields || Object.keys(values).length !== fields.length + 1) return null;
  const sessionType: Record<string, unknown> = { type };
  for (const [name, ours, kind] of fields) {
    const value = values[name];
    if (kind === "string" ? !isText(value) : !isWhole(value)) return null;
    sessionType[ours] = value;
  }
  return Object.freeze(sessionType) as unknown as SessionType;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed();
}

function isUuid(value: unknown): value is string {
  return typeof value === "string" && isCanonicalUuid(value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
