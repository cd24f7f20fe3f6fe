import type {
  EntryId,
  EntryType,
  JsonObject,
  JsonValue,
  Session,
  SessionEntry,
  SessionId,
  SessionMetadata,
  SessionStore,
  StoredEntry,
} from "@thulp-sessions/core";

/** The time at which every case begins. */
export const T0 = 1_700_000_000_000;

/** The id of the `n`th session of a case. */
export function sessionId(n: number): SessionId {
  return uuid(0x5e55, n) as SessionId;
}

/** The id of the `n`th entry of a case. */
export function entryId(n: number): EntryId {
  return uuid(0xe417, n) as EntryId;
}

function uuid(kind: number, n: number): string {
  return `01890a5d-${kind.toString(16)}-7000-8000-${n.toString(16).padStart(12, "0")}`;
}

export interface SessionParts extends Partial<Omit<SessionMetadata, "id">> {
  readonly entries?: readonly SessionEntry[];
  readonly context?: JsonObject;
}

/** The `n`th session: active, without entries, made at {@link T0}, but for what is given. */
export function makeSession(
  n: number,
  { entries = [], context = {}, ...metadata }: SessionParts = {},
): Session {
  return {
    metadata: {
      id: sessionId(n),
      name: `Session ${n}`,
      sessionType: { type: "conversation", purpose: "conformance" },
      createdAt: T0,
      updatedAt: T0,
      status: "active",
      tags: [],
      parentSession: null,
      ...metadata,
    },
    entries,
    context,
  };
}

/** The `n`th entry, of any type. */
export function makeEntry(
  n: number,
  entryType: EntryType,
  content: JsonValue,
  timestamp = T0 + n,
): SessionEntry {
  return { id: entryId(n), timestamp, entryType, content };
}

/** The `n`th entry: a user message. */
export function userEntry(n: number, text = `question ${n}`): SessionEntry {
  return makeEntry(n, { type: "user_message" }, { text });
}

/** The `n`th entry: an assistant message. */
export function assistantEntry(n: number, text = `answer ${n}`): SessionEntry {
  return makeEntry(n, { type: "assistant_message" }, { text });
}

/** The entries `from` to `to - 1`: user and assistant messages in turn. */
export function dialogue(from: number, to: number): SessionEntry[] {
  return range(from, to).map((n) => (n % 2 === 0 ? userEntry(n) : assistantEntry(n)));
}

/** One entry of every type. */
export const EVERY_ENTRY_TYPE: readonly EntryType[] = [
  { type: "user_message" },
  { type: "assistant_message" },
  { type: "system_message" },
  { type: "tool_call", toolName: "read_file", success: true },
  { type: "skill_execution", skillName: "review", success: false },
  { type: "evaluation_result", score: 0.75, metrics: { accuracy: 0.5, "tokens per second": 1e21 } },
  { type: "system_event", event: "compacted" },
];

/** The numbers from `from` to `to - 1`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** As the store gives them: each with its place. */
export function withSeq(entries: readonly SessionEntry[], from = 0): StoredEntry[] {
  return entries.map((entry, i) => ({ ...entry, seq: from + i }));
}

/** A copy that shares nothing with the value. */
export function clone<T>(value: T): T {
  return structuredClone(value);
}

/** Creates the sessions, some at a time, so that no store gets hundreds of calls at the same time. */
export async function createAll(store: SessionStore, sessions: readonly Session[]): Promise<void> {
  for (let i = 0; i < sessions.length; i += 50)
    await Promise.all(sessions.slice(i, i + 50).map((session) => store.create(session)));
}
