import { randomUUID } from "node:crypto";
import type { GivenSession, SessionEntry, SessionId, SessionMetadata } from "@thulp-sessions/core";

/** A session with what a test does not care about. */
export function session(
  given: Partial<SessionMetadata> = {},
  entries: readonly SessionEntry[] = [],
): GivenSession {
  return {
    metadata: {
      id: randomUUID() as SessionId,
      name: "a session",
      sessionType: { type: "conversation", purpose: "a test" },
      createdAt: 1,
      updatedAt: 1,
      status: "active",
      tags: [],
      parentSession: null,
      ...given,
    },
    entries,
    context: {},
  };
}

export function entry(given: Partial<SessionEntry> = {}): SessionEntry {
  return {
    id: randomUUID() as SessionEntry["id"],
    timestamp: 1,
    entryType: { type: "user_message" },
    content: "hello",
    ...given,
  };
}
