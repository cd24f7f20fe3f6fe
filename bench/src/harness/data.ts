import {
  newUuid,
  type Session,
  type SessionEntry,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";

const WORDS =
  "the agent reads a file and writes what it has found into the next message of the session ".split(" ");

/** An entry of about 500 bytes as it stands in a file. */
export function entry(seed: number): SessionEntry {
  const text = Array.from({ length: 56 }, (_, i) => WORDS[(seed * 7 + i * 13) % WORDS.length]).join(" ");
  return {
    id: newUuid() as SessionEntry["id"],
    timestamp: seed,
    entryType: { type: "user_message" },
    content: { text },
  };
}

function entries(count: number): SessionEntry[] {
  return Array.from({ length: count }, (_, i) => entry(i));
}

/** Makes a session with so many entries and gives its id. */
export async function makeSession(store: SessionStore, entryCount: number): Promise<string> {
  const id = newUuid();
  await store.create(sessionOf(id, { name: `Session of ${entryCount}`, entries: entries(entryCount) }));
  return id;
}

/** A session for benchmarks, with what is given. */
export function sessionOf(
  id: string,
  { entries = [], ...given }: Partial<SessionMetadata> & { entries?: readonly SessionEntry[] } = {},
): Session {
  const metadata: SessionMetadata = {
    id: id as SessionMetadata["id"],
    name: "Session",
    sessionType: { type: "conversation", purpose: "benchmark" },
    createdAt: 1,
    updatedAt: 1,
    status: "active",
    tags: ["bench"],
    parentSession: null,
    ...given,
  };
  return { metadata, entries, context: {} };
}
