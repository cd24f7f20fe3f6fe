import {
  type EntryType,
  type JsonValue,
  newUuid,
  type Session,
  type SessionEntry,
  type SessionMetadata,
} from "@thulp-sessions/core";

function metadata(given: Partial<SessionMetadata> = {}): SessionMetadata {
  return {
    id: newUuid() as SessionMetadata["id"],
    name: "A session",
    sessionType: { type: "conversation", purpose: "test" },
    createdAt: 1000,
    updatedAt: 1000,
    status: "active",
    tags: [],
    parentSession: null,
    ...given,
  };
}

export function session(
  given: Partial<SessionMetadata> = {},
  entries: readonly SessionEntry[] = [],
): Session {
  return { metadata: metadata(given), entries, context: {} };
}

export function entry(content: JsonValue, entryType: EntryType = { type: "user_message" }): SessionEntry {
  return { id: newUuid() as SessionEntry["id"], timestamp: 1000, entryType, content };
}
