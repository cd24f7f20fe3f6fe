import type { EntryId, SessionId } from "./ids.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** A name, a text of the session type and a tag take at most this many bytes of UTF-8 each. */
export const MAX_TEXT_BYTES = 64 * 1024;

/** An entry takes at most this many bytes as JSON text. */
export const MAX_ENTRY_BYTES = 16 * 1024 * 1024;

/** Milliseconds since the Unix epoch, a whole number from 0. */
export type Timestamp = number;

/** Every status. A new session is `active`; any status may follow any other, unless a manager is `strict`. */
export const SESSION_STATUSES = ["active", "completed", "failed", "cancelled", "paused"] as const;
/** One of {@link SESSION_STATUSES}. */
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** What a session is for: its name in `type`, and what belongs to it. The names are the original's. */
export type SessionType =
  | { readonly type: "teacher_demo"; readonly task: string; readonly model: string }
  | { readonly type: "evaluation"; readonly skillName: string; readonly testCases: number }
  | { readonly type: "refinement"; readonly skillName: string; readonly iteration: number }
  | { readonly type: "conversation"; readonly purpose: string }
  | { readonly type: "agent"; readonly agentName: string };
/** The `type` of every {@link SessionType}. */
export const SESSION_TYPE_NAMES = [
  "teacher_demo",
  "evaluation",
  "refinement",
  "conversation",
  "agent",
] as const;

/** What an entry is: its name in `type`, and what belongs to it. The names are the original's. */
export type EntryType =
  | { readonly type: "user_message" }
  | { readonly type: "assistant_message" }
  | { readonly type: "system_message" }
  | { readonly type: "tool_call"; readonly toolName: string; readonly success: boolean }
  | { readonly type: "skill_execution"; readonly skillName: string; readonly success: boolean }
  | {
      readonly type: "evaluation_result";
      readonly score: number;
      readonly metrics: Readonly<Record<string, number>>;
    }
  | { readonly type: "system_event"; readonly event: string };
/** The `type` of every {@link EntryType}. */
export const ENTRY_TYPE_NAMES = [
  "user_message",
  "assistant_message",
  "system_message",
  "tool_call",
  "skill_execution",
  "evaluation_result",
  "system_event",
] as const;
/** One of {@link ENTRY_TYPE_NAMES}. */
export type EntryTypeName = (typeof ENTRY_TYPE_NAMES)[number];

/** Everything about a session but its entries and its context. */
export interface SessionMetadata {
  readonly id: SessionId;
  readonly name: string;
  readonly sessionType: SessionType;
  readonly createdAt: Timestamp;
  /** The time of the last change; it never goes back. */
  readonly updatedAt: Timestamp;
  readonly status: SessionStatus;
  /** In their order and with their duplicates, as in the original. */
  readonly tags: readonly string[];
  /** The session it was forked from; it need not exist. */
  readonly parentSession: SessionId | null;
}

/** One message, tool call or event of a session, as it is written. */
export interface SessionEntry {
  /** Unique within the session, unless it was copied from a file that repeats it. */
  readonly id: EntryId;
  readonly timestamp: Timestamp;
  readonly entryType: EntryType;
  /** Any JSON, nested at most 120 levels deep. The entry takes at most {@link MAX_ENTRY_BYTES}. */
  readonly content: JsonValue;
}

/** An entry as a store answers it. */
export interface StoredEntry extends SessionEntry {
  /** Its position in the session: 0, 1, 2, ... without gaps. */
  readonly seq: number;
  /**
   * The stored text holds a number that JavaScript can only round; the text itself is kept. Absent otherwise.
   */
  readonly inexact?: true;
}

/** A whole session, as it is written. */
export interface Session {
  readonly metadata: SessionMetadata;
  readonly entries: readonly SessionEntry[];
  /** The state of the application, of any shape; each value is nested at most 120 levels deep. */
  readonly context: JsonObject;
}

/** A session to write: a new one, or one that a store has given. */
export interface GivenSession extends Session {
  /** Says that it comes from a store: then it may be larger than a new one. Nothing else is made of it. */
  readonly version?: string | undefined;
}

/** A whole session as a store answers it. */
export interface StoredSession extends Session {
  readonly entries: readonly StoredEntry[];
  /** Opaque; every change of the session gives it another one. */
  readonly version: string;
  /**
   * Opaque. It stays the same while entries are only added, and is another one after each truncate, replace
   * and append that has dropped entries, and after a deletion and a new creation.
   */
  readonly epoch: string;
  /** The context holds a number that JavaScript can only round. Absent otherwise. */
  readonly inexact?: true;
}

/** A session without its entries, but with their counts. */
export interface SessionHead {
  readonly metadata: SessionMetadata;
  readonly context: JsonObject;
  readonly entryCount: number;
  /** User messages that an assistant message has followed later. */
  readonly turnCount: number;
  readonly userMessageCount: number;
  readonly assistantMessageCount: number;
  /** Opaque; every change of the session gives it another one. */
  readonly version: string;
  /** As in {@link StoredSession}. */
  readonly epoch: string;
  /** The context holds a number that JavaScript can only round. Absent otherwise. */
  readonly inexact?: true;
}
