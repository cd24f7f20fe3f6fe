import { setImmediate } from "node:timers/promises";
import {
  type EntryId,
  type EntryType,
  isSessionError,
  type JsonValue,
  type Session,
  type SessionEntry,
  type SessionError,
  type SessionId,
  type SessionMetadata,
} from "@thulp-sessions/core";

/** The n-th id; the order of the numbers is that of the texts. */
export function uuid(n: number): SessionId {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}` as SessionId;
}

export function makeMetadata(given: Partial<SessionMetadata> = {}): SessionMetadata {
  return {
    id: uuid(1),
    name: "A session",
    sessionType: { type: "conversation", purpose: "testing" },
    createdAt: 1000,
    updatedAt: 2000,
    status: "active",
    tags: [],
    parentSession: null,
    ...given,
  };
}

export function makeEntry(
  n: number,
  content: JsonValue = { text: `entry ${n}` },
  entryType: EntryType = { type: "user_message" },
): SessionEntry {
  return { id: uuid(0xe0000 + n) as string as EntryId, timestamp: 3000 + n, entryType, content };
}

export function makeSession(
  given: Partial<SessionMetadata> = {},
  entries: readonly SessionEntry[] = [],
): Session {
  return { metadata: makeMetadata(given), entries, context: {} };
}

/** The `SessionError` that a call fails with; the test fails when it does not, or with something else. */
export async function errorOf(call: () => unknown): Promise<SessionError> {
  try {
    await call();
  } catch (error) {
    if (isSessionError(error)) return error;
    throw error;
  }
  throw new Error("The call did not fail.");
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await setImmediate();
}
