import { randomUUID } from "node:crypto";
import type { GivenSession, SessionEntry, SessionId } from "@thulp-sessions/core";

/** An empty session, to which several clients append. */
export function sharedSession(): GivenSession {
  return {
    metadata: {
      id: randomUUID() as SessionId,
      name: "shared",
      sessionType: { type: "conversation", purpose: "a test" },
      createdAt: 1,
      updatedAt: 1,
      status: "active",
      tags: [],
      parentSession: null,
    },
    entries: [],
    context: {},
  };
}

/** The `i`-th entry of a client. */
export function entryOf(content: { client: number; i: number }): SessionEntry {
  const id = randomUUID() as SessionEntry["id"];
  return { id, timestamp: 1, entryType: { type: "user_message" }, content };
}
