import { z } from "zod";
import { arrayOf } from "../model/array-of.ts";
import { ENTRY_TYPE_NAMES } from "../model/model.ts";
import { COUNTED_FIELDS } from "../rules/count-values.ts";
import { sessionFilterSchema } from "../rules/filter.ts";
import { MAX_PAGE } from "./session-store.ts";

const pageLimit = z.int().min(1).max(MAX_PAGE);

/** The zod schema of a {@link ListQuery}; its output has the defaults filled in. */
export const listQuerySchema = z.strictObject({
  filter: sessionFilterSchema.default({}),
  orderBy: z.enum(["updatedAt", "createdAt"]).default("updatedAt"),
  direction: z.enum(["asc", "desc"]).default("desc"),
  limit: pageLimit.default(50),
  cursor: z.string().optional(),
  heads: z.boolean().default(false),
});

/** The zod schema of a {@link CountQuery}; its output has the defaults filled in. */
export const countQuerySchema = z
  .strictObject({
    by: z.enum(COUNTED_FIELDS),
    prefix: z
      .string()
      .refine((text) => text.isWellFormed(), { error: "has a lone surrogate (half of a character)" })
      .optional(),
    limit: pageLimit.default(100),
    cursor: z.string().optional(),
  })
  .refine(({ by, prefix }) => prefix === undefined || by === "tag", {
    path: ["prefix"],
    error: 'goes with by: "tag" only',
  });

/** The zod schema of an {@link EntriesQuery}. */
export const entriesQuerySchema = z
  .strictObject({
    after: z.int().optional(),
    before: z.int().optional(),
    last: pageLimit.optional(),
    types: arrayOf(z.enum(ENTRY_TYPE_NAMES)).optional(),
    direction: z.enum(["asc", "desc"]).optional(),
    limit: pageLimit.optional(),
    cursor: z.string().optional(),
  })
  .refine(({ last, direction, limit }) => last === undefined || (direction ?? limit) === undefined, {
    error: "takes either last or direction and limit",
  });
