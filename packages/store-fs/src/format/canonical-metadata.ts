import { isAscii, isUtf8 } from "node:buffer";
import {
  isCanonicalUuid,
  SESSION_STATUSES,
  type SessionId,
  type SessionMetadata,
  type SessionType,
} from "@thulp-sessions/core";
import { FIXED_HEADER_END, SEPARATOR, standsAt } from "./canonical-layout.ts";
import { METADATA_FIELDS, SESSION_TYPES } from "./codec.ts";

/** What stands behind the metadata of our layout, and around it. */
const FOLLOWING = '\n  },\n  "context": ';
const AROUND = { before: '{\n  "m": {\n    ', after: "\n  }\n}" };

const FIELDS = METADATA_FIELDS.filter((field) => field !== "updated_at").join();

/**
 * The metadata at the head of a file of ours, but for `updatedAt`; `null` when the decoder, which accepts everything
 * that the original accepts, has to say. The engine's own parser reads it, and what it has read has to be what the
 * engine's own writer makes of it, byte for byte: so no field stands there twice, and nothing is left out. A list reads
 * the heads of thousands of files in a process that has just begun, where code of our own is slow.
 *
 * @param head the first bytes of a file that has our fixed header.
 * @param sessionId under which the session is served: of another one in the file the decoder has to say, too.
 */
export function readCanonicalMetadata(
  head: Buffer,
  sessionId: SessionId,
): Omit<SessionMetadata, "updatedAt"> | null {
  const end = head.indexOf(FOLLOWING, FIXED_HEADER_END);
  if (end < 0 || !standsAt(head, FIXED_HEADER_END, SEPARATOR)) return null;
  const bytes = head.subarray(FIXED_HEADER_END + SEPARATOR.length, end);
  const ascii = isAscii(bytes);
  if (!ascii && !isUtf8(bytes)) return null;
  const text = bytes.toString(ascii ? "latin1" : "utf8");
  // An escaped letter may be half of one.
  if (text.includes("\\u")) return null;
  const raw = parse(`{${text}}`);
  if (!raw || Object.keys(raw).join() !== FIELDS) return null;
  if (JSON.stringify({ m: raw }, null, 2) !== AROUND.before + text + AROUND.after) return null;
  const { id, name, session_type, created_at, status, tags, parent_session } = raw;
  const sessionType = sessionTypeOf(session_type);
  const isRight =
    id === sessionId &&
    typeof name === "string" &&
    sessionType !== null &&
    isWhole(created_at) &&
    (SESSION_STATUSES as readonly unknown[]).includes(status) &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === "string") &&
    (parent_session === null || (typeof parent_session === "string" && isCanonicalUuid(parent_session)));
  if (!isRight) return null;
  return {
    id: sessionId,
    name,
    sessionType,
    createdAt: created_at as number,
    status: status as SessionMetadata["status"],
    tags: Object.freeze(tags),
    parentSession: parent_session as SessionId | null,
  };
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
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
    if (kind === "string" ? typeof value !== "string" : !isWhole(value)) return null;
    sessionType[ours] = value;
  }
  return Object.freeze(sessionType) as unknown as SessionType;
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
