import { z } from "zod";
import { arrayOf } from "../model/array-of.ts";
import { sessionIdSchema } from "../model/id-schemas.ts";
import { isSessionId, type SessionId } from "../model/ids.ts";
import type { SessionMetadata, SessionStatus } from "../model/model.ts";
import { sessionStatusSchema } from "../model/model-schemas.ts";

/** How deep `and`, `or` and `not` may be nested. */
export const MAX_FILTER_DEPTH = 100;

/** How many filters one filter may consist of, nested ones included. */
export const MAX_FILTER_NODES = 1000;

/** How many ids one filter may ask for, nested ones included. */
export const MAX_FILTER_IDS = 1000;

/** Which sessions: every key that is present has to match, so `{}` matches everything. */
export interface SessionFilter {
  /** One of these; at most {@link MAX_FILTER_IDS} in a filter. `[]` matches nothing. */
  readonly ids?: readonly SessionId[] | undefined;
  readonly status?: SessionStatus | undefined;
  /** The name of a session type; ASCII case is ignored. */
  readonly type?: string | undefined;
  /** One of the session's tags, exactly. */
  readonly tag?: string | undefined;
  /** What at least one of the session's tags begins with, code unit by code unit. */
  readonly tagPrefix?: string | undefined;
  /**
   * This and the next three: the field of that name of the session's type, exactly. A type without the field
   * does not match.
   */
  readonly skillName?: string | undefined;
  readonly agentName?: string | undefined;
  readonly model?: string | undefined;
  readonly task?: string | undefined;
  /** Milliseconds since the Unix epoch; this bound and the next three are exclusive. */
  readonly createdAfter?: number | undefined;
  readonly createdBefore?: number | undefined;
  readonly updatedAfter?: number | undefined;
  readonly updatedBefore?: number | undefined;
  /** A part of the name; both are lower-cased with `toLowerCase` and compared. */
  readonly nameContains?: string | undefined;
  readonly parent?: SessionId | undefined;
  readonly hasParent?: boolean | undefined;
  /** All of these; `[]` matches everything. */
  readonly and?: readonly SessionFilter[] | undefined;
  /** At least one of these; `[]` matches nothing. */
  readonly or?: readonly SessionFilter[] | undefined;
  readonly not?: SessionFilter | undefined;
}

// Any whole number: a bound is only compared, and beyond 2^53 it still orders correctly with every stored
// time.
const timeBound = z.number().refine(Number.isInteger, { error: "is not a whole number" });
const text = z
  .string()
  .refine((value) => value.isWellFormed(), { error: "has a lone surrogate (half of a character)" });

const filterShape: z.ZodType<SessionFilter, unknown> = z.strictObject({
  ids: arrayOf(sessionIdSchema, isSessionId).optional(),
  status: sessionStatusSchema.optional(),
  type: text.optional(),
  tag: text.optional(),
  tagPrefix: text.optional(),
  skillName: text.optional(),
  agentName: text.optional(),
  model: text.optional(),
  task: text.optional(),
  createdAfter: timeBound.optional(),
  createdBefore: timeBound.optional(),
  updatedAfter: timeBound.optional(),
  updatedBefore: timeBound.optional(),
  nameContains: text.optional(),
  parent: sessionIdSchema.optional(),
  hasParent: z.boolean().optional(),
  get and() {
    return z.array(filterShape).optional();
  },
  get or() {
    return z.array(filterShape).optional();
  },
  get not() {
    return filterShape.optional();
  },
});

/**
 * The zod schema of a {@link SessionFilter}. Its size is checked first, so that a hostile filter costs
 * little.
 */
export const sessionFilterSchema: z.ZodType<SessionFilter, unknown> = z
  .unknown()
  .superRefine((value, context) => {
    const problem = sizeProblem(value);
    if (problem) context.addIssue({ code: "custom", message: problem, continue: false });
  })
  .pipe(filterShape);

function sizeProblem(root: unknown): string | null {
  const open: { value: unknown; depth: number }[] = [{ value: root, depth: 1 }];
  let idCount = 0;
  for (let nodes = 0; open.length > 0; nodes++) {
    const { value, depth } = open.pop() as { value: unknown; depth: number };
    if (nodes >= MAX_FILTER_NODES) return `consists of more than ${MAX_FILTER_NODES} filters`;
    if (depth > MAX_FILTER_DEPTH) return `is nested more than ${MAX_FILTER_DEPTH} levels deep`;
    if (typeof value !== "object" || value === null) continue;
    const { ids, and, or, not } = value as Record<string, unknown>;
    if (Array.isArray(ids)) idCount += ids.length;
    if (idCount > MAX_FILTER_IDS) return `asks for more than ${MAX_FILTER_IDS} ids`;
    for (const list of [and, or]) {
      if (!Array.isArray(list)) continue;
      if (list.length > MAX_FILTER_NODES) return `consists of more than ${MAX_FILTER_NODES} filters`;
      for (const item of list) open.push({ value: item, depth: depth + 1 });
    }
    if (not !== undefined) open.push({ value: not, depth: depth + 1 });
  }
  return null;
}

/**
 * Does the filter match? This is the model: `list`, `count` and `search` of every store take the same
 * sessions.
 */
export function matchesFilter(filter: SessionFilter, metadata: SessionMetadata): boolean {
  return filterMatcher(filter)(metadata);
}

/** The same for many sessions: what has to be prepared of the filter is prepared once. */
export function filterMatcher(filter: SessionFilter): (metadata: SessionMetadata) => boolean {
  const { status, tag, tagPrefix, createdAfter, createdBefore, updatedAfter, updatedBefore } = filter;
  const { skillName, agentName, model, task, parent, hasParent } = filter;
  const ids = filter.ids && new Set(filter.ids);
  const type = filter.type === undefined ? undefined : asciiLowerCase(filter.type);
  const nameContains = filter.nameContains?.toLowerCase();
  const [and, or] = [filter.and?.map(filterMatcher), filter.or?.map(filterMatcher)];
  const not = filter.not && filterMatcher(filter.not);
  return (metadata) =>
    (ids === undefined || ids.has(metadata.id)) &&
    (status === undefined || metadata.status === status) &&
    (type === undefined || metadata.sessionType.type === type) &&
    (tag === undefined || metadata.tags.includes(tag)) &&
    (tagPrefix === undefined || metadata.tags.some((each) => each.startsWith(tagPrefix))) &&
    (skillName === undefined || hasField(metadata, "skillName", skillName)) &&
    (agentName === undefined || hasField(metadata, "agentName", agentName)) &&
    (model === undefined || hasField(metadata, "model", model)) &&
    (task === undefined || hasField(metadata, "task", task)) &&
    (createdAfter === undefined || metadata.createdAt > createdAfter) &&
    (createdBefore === undefined || metadata.createdAt < createdBefore) &&
    (updatedAfter === undefined || metadata.updatedAt > updatedAfter) &&
    (updatedBefore === undefined || metadata.updatedAt < updatedBefore) &&
    (nameContains === undefined || metadata.name.toLowerCase().includes(nameContains)) &&
    (parent === undefined || metadata.parentSession === parent) &&
    (hasParent === undefined || (metadata.parentSession !== null) === hasParent) &&
    (and === undefined || and.every((matches) => matches(metadata))) &&
    (or === undefined || or.some((matches) => matches(metadata))) &&
    (not === undefined || !not(metadata));
}

function hasField({ sessionType }: SessionMetadata, name: SessionTypeField, value: string): boolean {
  return (sessionType as Partial<Record<SessionTypeField, string>>)[name] === value;
}

type SessionTypeField = "skillName" | "agentName" | "model" | "task";

/**
 * Ids that every match is among, for a store that then needs not look at all sessions; undefined where the
 * filter does not tell.
 */
export function idsOfFilter(filter: SessionFilter): readonly SessionId[] | undefined {
  return filter.ids ?? filter.and?.map(idsOfFilter).find((ids) => ids !== undefined);
}

/** Lower-cases A to Z only, as the original compares type names: `ſ` and the Kelvin sign stay as they are. */
export function asciiLowerCase(value: string): string {
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
