import {
  bucketsSchema,
  countQuerySchema,
  type EntryType,
  entryIdSchema,
  entryTypeSchema,
  facetsQuerySchema,
  findQuerySchema,
  type JsonObject,
  type JsonValue,
  listQuerySchema,
  partQuerySchema,
  resolveQuerySchema,
  rowPartsSchema,
  type Session,
  type SessionFilter,
  type StoredSession,
  scoresQuerySchema,
  searchQuerySchema,
  seqSchema,
  sessionFilterSchema,
  sessionIdSchema,
  sessionLimitsSchema,
  sessionNameSchema,
  sessionStatusSchema,
  sessionTypeSchema,
  tagsSchema,
  timestampSchema,
  treeQuerySchema,
  turnsQuerySchema,
  viewedEntriesSchema,
} from "@thulp-sessions/core";
import { arrayOf } from "@thulp-sessions/core/store";
import { z } from "zod";

// Contents, contexts and whole sessions are checked once, by the store: a schema for them here would cost
// more than the rest of a call. These schemas check what the manager relies on, and give the types.
const content = z.custom<JsonValue>();
const context = z.custom<JsonObject>();
const session = z.custom<Session | StoredSession>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  { error: "expected a session: metadata, entries and context" },
);
const filter = sessionFilterSchema as z.ZodType<SessionFilter, SessionFilter>;

const entry = z.strictObject({
  id: entryIdSchema.optional(),
  timestamp: timestampSchema.optional(),
  entryType: entryTypeSchema as z.ZodType<EntryType, EntryType>,
  content,
});

/** How many entries one append may have: more would delay the calls of others for too long. */
export const MAX_APPEND = 10_000;

// Counted before any of them is parsed.
const boundedEntries = z
  .custom<z.input<typeof entry>[]>((value) => !Array.isArray(value) || value.length <= MAX_APPEND, {
    error: `holds more than ${MAX_APPEND} entries: send them in several calls`,
  })
  .pipe(arrayOf(entry));

const one = { id: sessionIdSchema };
const version = { expectedVersion: z.string().optional() };
const write = { ...one, ...version, at: timestampSchema.optional() };

export const noInput = z.strictObject({}).optional();
export const idInput = z.strictObject(one);
export const statusInput = z.strictObject(write);
export const deleteInput = z.strictObject({ ...one, ...version });

export const createInput = z.strictObject({
  id: sessionIdSchema.optional(),
  name: sessionNameSchema,
  sessionType: sessionTypeSchema,
  status: sessionStatusSchema.optional(),
  tags: tagsSchema.optional(),
  parentSession: sessionIdSchema.nullable().optional(),
  context: context.optional(),
  entries: boundedEntries.optional(),
  createdAt: timestampSchema.optional(),
  updatedAt: timestampSchema.optional(),
});

export const saveInput = z
  .strictObject({
    session,
    ...version,
    /** `true`: replaces whatever is there, or creates it. `"existing"`: only replaces. */
    overwrite: z.union([z.boolean(), z.literal("existing")]).optional(),
    /** It comes from a store, and may be larger than a new session. */
    stored: z.boolean().optional(),
  })
  .refine(({ overwrite, expectedVersion }) => !overwrite || expectedVersion === undefined, {
    path: ["overwrite"],
    error: "takes either overwrite or expectedVersion",
  });

export const updateInput = z.strictObject({
  ...write,
  name: sessionNameSchema.optional(),
  sessionType: sessionTypeSchema.optional(),
  status: sessionStatusSchema.optional(),
  tags: tagsSchema.optional(),
  parentSession: sessionIdSchema.nullable().optional(),
  context: context.optional(),
  setContext: context.optional(),
  removeContext: arrayOf(z.string()).optional(),
});

export const forkInput = z.strictObject({
  ...one,
  /** The id of the fork. */
  newId: sessionIdSchema.optional(),
  name: sessionNameSchema.optional(),
  entryCount: z.int().min(0).optional(),
  allowLossy: z.boolean().optional(),
  at: timestampSchema.optional(),
});

export const rewindInput = z.strictObject({ ...write, entryCount: z.int().min(0) });

export const checkLimitsInput = z.strictObject({
  ...one,
  limits: sessionLimitsSchema.optional(),
  at: timestampSchema.optional(),
});

export const listInput = listQuerySchema
  .omit({ heads: true })
  .extend({ filter: filter.optional() })
  .optional();
export const rowsInput = listQuerySchema
  .omit({ heads: true })
  .extend({ filter: filter.optional(), include: rowPartsSchema.optional() })
  .optional();
export const facetsInput = facetsQuerySchema.extend({ filter: filter.optional() });
export const treeInput = treeQuerySchema.extend(one);
export const scoresInput = scoresQuerySchema.extend({ filter: filter.optional() }).optional();
export const resolveInput = resolveQuerySchema;

export const watchInput = z
  .strictObject({
    include: rowPartsSchema.optional(),
    /** Of one session the first change is told immediately, of those within so many ms after it the last. */
    throttleMs: z.int().min(0).max(60_000).optional(),
  })
  .optional();

export const countInput = z.strictObject({ filter: filter.optional() }).optional();
export const countByInput = countQuerySchema.safeExtend({ filter: filter.optional() });
export const searchInput = searchQuerySchema.extend({ filter: filter.optional() });

export const appendInput = z.strictObject({
  ...write,
  entries: boundedEntries,
  expectedEpoch: z.string().optional(),
  limits: sessionLimitsSchema.optional(),
  keep: z.int().min(0).optional(),
  setContext: context.optional(),
  removeContext: arrayOf(z.string()).optional(),
});

export const entriesInput = viewedEntriesSchema.safeExtend(one);
export const entryInput = z.strictObject({ ...one, seq: seqSchema });
export const partInput = partQuerySchema.extend(one);
export const outlineInput = z.strictObject({ ...one, buckets: bucketsSchema });
export const turnsInput = turnsQuerySchema.extend(one);
export const findInput = findQuerySchema.extend(one);

export const subscribeInput = z.strictObject({
  ...one,
  /** Where to start: the token of the last event that was handled. */
  after: z.string().optional(),
  /** The same, as tRPC sends it when a connection is resumed; it is the newer one of the two. */
  lastEventId: z.string().optional(),
});
