import { z } from "zod";
import { arrayOf } from "../model/array-of.ts";
import { ENTRY_TYPE_NAMES } from "../model/model.ts";
import { COUNTED_FIELDS } from "../rules/count-values.ts";
import { sessionFilterSchema } from "../rules/filter.ts";
import { MAX_SEARCH_TEXT } from "../search/search.ts";
import { entriesQuerySchema, listQuerySchema } from "../store/queries.ts";
import { MAX_PAGE_BYTES } from "../store/requests.ts";
import { MAX_PAGE } from "../store/session-store.ts";
import { ROW_PARTS } from "./session-rows.ts";

// The schemas of what a `SessionViews` is asked for; the defaults are filled in where they are used.

const MAX_CUT_BYTES = 1024 * 1024;
const wellFormed = z
  .string()
  .refine((text) => text.isWellFormed(), { error: "has a lone surrogate (half of a character)" });
const limitOf = (most: number) => z.int().min(1).max(most).optional();
const cursor = z.string().optional();

/** The zod schema of a list of {@link ROW_PARTS}. */
export const rowPartsSchema = arrayOf(z.enum(ROW_PARTS)).refine((parts) => parts.length <= ROW_PARTS.length, {
  error: `holds more than ${ROW_PARTS.length} parts`,
});

/** The zod schema of a {@link ViewedEntriesQuery}. */
export const viewedEntriesSchema = entriesQuerySchema
  .safeExtend({
    contentBytes: z.int().min(256).max(MAX_CUT_BYTES).optional(),
    pageBytes: z.int().min(4096).max(MAX_PAGE_BYTES).optional(),
  })
  .refine(({ last, pageBytes }) => last === undefined || pageBytes === undefined, {
    path: ["pageBytes"],
    error: 'does not go with last: read the last ones with direction: "desc"',
  });

/** The zod schema of a `seq`. */
export const seqSchema = z.int().min(0);

/** The zod schema of a {@link PartQuery}. */
export const partQuerySchema = z.strictObject({
  seq: seqSchema,
  pointer: wellFormed.max(16_384, { error: "is longer than 16384 characters" }).optional(),
  offset: z.int().min(0).optional(),
  bytes: z.int().min(256).max(MAX_CUT_BYTES).optional(),
});

/** The zod schema of how many buckets an outline may have. */
export const bucketsSchema = limitOf(2000);

/** The zod schema of a {@link TurnsQuery}. */
export const turnsQuerySchema = z.strictObject({
  textLength: limitOf(200),
  limit: limitOf(5000),
  cursor,
});

/** The zod schema of a {@link FindQuery}. */
export const findQuerySchema = z.strictObject({
  text: z
    .string()
    .max(MAX_SEARCH_TEXT, { error: `is longer than ${MAX_SEARCH_TEXT} characters` })
    .optional(),
  types: arrayOf(z.enum(ENTRY_TYPE_NAMES)).optional(),
  toolName: wellFormed.optional(),
  failedOnly: z.boolean().optional(),
  limit: limitOf(200),
  cursor,
});

/** The zod schema of a {@link RowQuery}. */
export const rowQuerySchema = listQuerySchema
  .omit({ heads: true })
  .extend({ include: rowPartsSchema.optional() });

/** The zod schema of a {@link FacetsQuery}. */
export const facetsQuerySchema = z.strictObject({
  filter: sessionFilterSchema.optional(),
  by: arrayOf(z.enum(COUNTED_FIELDS)).refine((by) => new Set(by).size === by.length, {
    error: "names a field twice",
  }),
  limit: limitOf(200),
});

/** The zod schema of a {@link TreeQuery}. */
export const treeQuerySchema = z.strictObject({
  whole: z.boolean().optional(),
  depth: z.int().min(0).max(100).optional(),
  limit: limitOf(MAX_PAGE),
  forkPoints: z.boolean().optional(),
});

/** The zod schema of a {@link ScoresQuery}. */
export const scoresQuerySchema = z.strictObject({
  filter: sessionFilterSchema.optional(),
  limit: limitOf(200),
  cursor,
});

/** The zod schema of the beginning of an id, and of how many sessions are named. */
export const resolveQuerySchema = z.strictObject({
  prefix: z
    .string()
    .max(36, { error: "is not the beginning of a UUID" })
    .transform((text) => text.toLowerCase())
    .refine((text) => /^[0-9a-f][0-9a-f-]*$/.test(text), { error: "is not the beginning of a UUID" }),
  limit: limitOf(100),
});
