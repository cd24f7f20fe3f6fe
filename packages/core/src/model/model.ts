import { z } from "zod";
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
export const timestampSchema = count;

export const SESSION_STATUSES = ["active", "completed", "failed", "cancelled", "paused"] as const;
export const sessionStatusSchema = z.enum(SESSION_STATUSES);
export type SessionStatus = z.infer<typeof sessionStatusSchema>;

/** What a session is for. The tags are the original's. */
export const sessionTypeSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("teacher_demo"), task: wellFormed, model: wellFormed }),
  z.strictObject({ type: z.literal("evaluation"), skillName: wellFormed, testCases: count }),
  z.strictObject({ type: z.literal("refinement"), skillName: wellFormed, iteration: count }),
  z.strictObject({ type: z.literal("conversation"), purpose: wellFormed }),
  z.strictObject({ type: z.literal("agent"), agentName: wellFormed }),
]);
export type SessionType = Readonly<z.infer<typeof sessionTypeSchema>>;
export const SESSION_TYPE_NAMES = [
  "teacher_demo",
  "evaluation",
  "refinement",
  "conversation",
  "agent",
] as const;

const finite = z.number().overwrite((value) => value + 0);

/** What an entry is. The tags are the original's. */
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
export type EntryType = Readonly<z.infer<typeof entryTypeSchema>>;
export const ENTRY_TYPE_NAMES = [
  "user_message",
  "assistant_message",
  "system_message",
  "tool_call",
  "skill_execution",
  "evaluation_result",
  "system_event",
] as const;
export type EntryTypeName = (typeof ENTRY_TYPE_NAMES)[number];

export const sessionNameSchema = wellFormed.refine((name) => utf8Length(name) <= MAX_NAME_BYTES, {
  error: `is longer than ${MAX_NAME_BYTES} bytes`,
});
export const tagsSchema = z.array(wellFormed);

export const sessionMetadataSchema = z.strictObject({
  id: sessionIdSchema,
  name: sessionNameSchema,
  sessionType: sessionTypeSchema,
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
  status: sessionStatusSchema,
  /** Kept in their order and with their duplicates, as in the original. */
  tags: tagsSchema,
  parentSession: sessionIdSchema.nullable(),
});

export interface SessionMetadata {
  readonly id: SessionId;
  readonly name: string;
  readonly sessionType: SessionType;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly status: SessionStatus;
  readonly tags: readonly string[];
  readonly parentSession: SessionId | null;
}

/** An entry without its content, which `copyJson` checks: that is far cheaper than a recursive schema. */
export const entryEnvelopeSchema = z.strictObject({
  id: entryIdSchema,
  timestamp: timestampSchema,
  entryType: entryTypeSchema,
});

export interface SessionEntry {
  readonly id: EntryId;
  readonly timestamp: Timestamp;
  readonly entryType: EntryType;
  readonly content: JsonValue;
}

/** An entry as a store gives it. */
export interface StoredEntry extends SessionEntry {
  /** Its place in the session: 0, 1, 2, ... without gaps. */
  readonly seq: number;
  /** Its stored text holds a number that JavaScript can only round; the text itself is kept. Absent otherwise. */
  readonly inexact?: true;
}

export interface Session {
  readonly metadata: SessionMetadata;
  readonly entries: readonly SessionEntry[];
  readonly context: JsonObject;
}

/** A session as a store gives it. */
export interface StoredSession extends Session {
  readonly entries: readonly StoredEntry[];
  /** Changes with every change of the session; opaque. */
  readonly version: string;
  /** The context holds a number that JavaScript can only round. Absent otherwise. */
  readonly inexact?: true;
}

/** A session without its entries. */
export interface SessionHead {
  readonly metadata: SessionMetadata;
  readonly context: JsonObject;
  readonly entryCount: number;
  readonly turnCount: number;
  readonly userMessageCount: number;
  readonly assistantMessageCount: number;
  readonly version: string;
  /** The context holds a number that JavaScript can only round. Absent otherwise. */
  readonly inexact?: true;
}

/** Bytes of the UTF-8 form of a well-formed string. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair counts two: a pair takes four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}
