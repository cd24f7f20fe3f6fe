import { z } from "zod";
import { arrayOf } from "./array-of.ts";
import { type EntryId, entryIdSchema, type SessionId, sessionIdSchema } from "./ids.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** A name takes at most this many bytes of UTF-8. */
export const MAX_NAME_BYTES = 64 * 1024;

/** An entry takes at most this many bytes as JSON text. */
export const MAX_ENTRY_BYTES = 16 * 1024 * 1024;

const wellFormed = z
  .string()
  .refine((text) => text.isWellFormed(), { error: "has a lone surrogate (half of a character)" });

/** A whole number from 0 that JavaScript holds exactly. Adding 0 makes 0 of -0, as JSON does. */
const count = z
  .int()
  .min(0)
  .overwrite((value) => value + 0);

/** Milliseconds since the Unix epoch, a whole number from 0. */
export type Timestamp = number;
/** The zod schema of a {@link Timestamp}. */
export const timestampSchema = count;

/** Every status. A new session is `active`; any status may follow any other, unless a manager is `strict`. */
export const SESSION_STATUSES = ["active", "completed", "failed", "cancelled", "paused"] as const;
/** The zod schema of a {@link SessionStatus}. */
export const sessionStatusSchema = z.enum(SESSION_STATUSES);
/** One of {@link SESSION_STATUSES}. */
export type SessionStatus = z.infer<typeof sessionStatusSchema>;

/** The zod schema of a {@link SessionType}. The names are the original's. */
export const sessionTypeSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("teacher_demo"), task: wellFormed, model: wellFormed }),
  z.strictObject({ type: z.literal("evaluation"), skillName: wellFormed, testCases: count }),
  z.strictObject({ type: z.literal("refinement"), skillName: wellFormed, iteration: count }),
  z.strictObject({ type: z.literal("conversation"), purpose: wellFormed }),
  z.strictObject({ type: z.literal("agent"), agentName: wellFormed }),
]);
/** What a session is for: its name in `type`, and what belongs to it. */
export type SessionType = Readonly<z.infer<typeof sessionTypeSchema>>;
/** The `type` of every {@link SessionType}. */
export const SESSION_TYPE_NAMES = [
  "teacher_demo",
  "evaluation",
  "refinement",
  "conversation",
  "agent",
] as const;

const finite = z.number().overwrite((value) => value + 0);

/** The zod schema of an {@link EntryType}; metrics are not checked by it. The names are the original's. */
export const entryTypeSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("user_message") }),
  z.strictObject({ type: z.literal("assistant_message") }),
  z.strictObject({ type: z.literal("system_message") }),
  z.strictObject({ type: z.literal("tool_call"), toolName: wellFormed, success: z.boolean() }),
  z.strictObject({ type: z.literal("skill_execution"), skillName: wellFormed, success: z.boolean() }),
  z.strictObject({
    type: z.literal("evaluation_result"),
    score: finite,
    metrics: z.custom<Readonly<Record<string, number>>>(),
  }),
  z.strictObject({ type: z.literal("system_event"), event: wellFormed }),
]);
/** What an entry is: its name in `type`, and what belongs to it. */
export type EntryType = Readonly<z.infer<typeof entryTypeSchema>>;
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

/** The zod schema of a session's name: well-formed, at most {@link MAX_NAME_BYTES} long. */
export const sessionNameSchema = wellFormed.refine((name) => utf8Length(name) <= MAX_NAME_BYTES, {
  error: `is longer than ${MAX_NAME_BYTES} bytes`,
});
/** The zod schema of a session's tags. */
export const tagsSchema = arrayOf(wellFormed);

/** The zod schema of {@link SessionMetadata}. */
export const sessionMetadataSchema = z.strictObject({
  id: sessionIdSchema,
  name: sessionNameSchema,
  sessionType: sessionTypeSchema,
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
  status: sessionStatusSchema,
  tags: tagsSchema,
  parentSession: sessionIdSchema.nullable(),
});

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

/** An entry without its content, which `copyJson` checks: that is far cheaper than a recursive schema. */
export const entryEnvelopeSchema = z.strictObject({
  id: entryIdSchema,
  timestamp: timestampSchema,
  entryType: entryTypeSchema,
});

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

/** Bytes of the UTF-8 form of a well-formed string. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Two bytes for each half of a surrogate pair, since a pair takes four.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}
