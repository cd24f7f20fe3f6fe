import { z } from "zod";
import { arrayOf } from "./array-of.ts";
import { entryIdSchema, sessionIdSchema } from "./id-schemas.ts";
import { MAX_TEXT_BYTES, SESSION_STATUSES } from "./model.ts";
import { utf8Length } from "./utf8-length.ts";

const wellFormed = z
  .string()
  .refine((text) => text.isWellFormed(), { error: "has a lone surrogate (half of a character)" });

/** A whole number from 0 that JavaScript holds exactly. Adding 0 makes 0 of -0, as JSON does. */
const count = z
  .int()
  .min(0)
  .overwrite((value) => value + 0);

/** The zod schema of a {@link Timestamp}. */
export const timestampSchema = count;

/** The zod schema of a {@link SessionStatus}. */
export const sessionStatusSchema = z.enum(SESSION_STATUSES);

/** The zod schema of a {@link SessionType}. */
export const sessionTypeSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("teacher_demo"), task: wellFormed, model: wellFormed }),
  z.strictObject({ type: z.literal("evaluation"), skillName: wellFormed, testCases: count }),
  z.strictObject({ type: z.literal("refinement"), skillName: wellFormed, iteration: count }),
  z.strictObject({ type: z.literal("conversation"), purpose: wellFormed }),
  z.strictObject({ type: z.literal("agent"), agentName: wellFormed }),
]);

const finite = z.number().overwrite((value) => value + 0);

/** The zod schema of an {@link EntryType}; metrics are not checked by it. */
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

/** The zod schema of the name of a new session: well-formed, at most {@link MAX_TEXT_BYTES} long. */
export const sessionNameSchema = wellFormed.refine((name) => utf8Length(name) <= MAX_TEXT_BYTES, {
  error: `is longer than ${MAX_TEXT_BYTES} bytes`,
});
/** The zod schema of a session's tags. */
export const tagsSchema = arrayOf(wellFormed);

/** The zod schema of {@link SessionMetadata}, which may be larger than those of a new session are. */
export const sessionMetadataSchema = z.strictObject({
  id: sessionIdSchema,
  name: wellFormed,
  sessionType: sessionTypeSchema,
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
  status: sessionStatusSchema,
  tags: tagsSchema,
  parentSession: sessionIdSchema.nullable(),
});

/** An entry without its content, which `copyJson` checks: that is far cheaper than a recursive schema. */
export const entryEnvelopeSchema = z.strictObject({
  id: entryIdSchema,
  timestamp: timestampSchema,
  entryType: entryTypeSchema,
});
