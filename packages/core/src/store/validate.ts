import { z } from "zod";
import { invalidInput } from "../model/errors.ts";
import { isCanonicalUuid, sessionIdSchema } from "../model/ids.ts";
import { copyJson, copyJsonMeasured, copyJsonObject, type JsonObject } from "../model/json.ts";
import {
  ENTRY_TYPE_NAMES,
  type EntryType,
  MAX_ENTRY_BYTES,
  type Session,
  type SessionEntry,
  type SessionMetadata,
  sessionEntrySchema,
  sessionMetadataSchema,
  sessionNameSchema,
  sessionStatusSchema,
  sessionTypeSchema,
  tagsSchema,
  timestampSchema,
  utf8Length,
} from "../model/model.ts";
import { sessionFilterSchema } from "../rules/filter.ts";
import { sessionLimitsSchema } from "../rules/limits.ts";
import { type AppendOptions, MAX_PAGE, type SessionChange } from "./session-store.ts";

/**
 * Checks `value` and gives what the schema makes of it.
 *
 * @param what names the value in the error.
 * @throws {SessionError} invalid_input that names the first field that is wrong.
 */
export function parseInput<T>(schema: z.ZodType<T, unknown>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = fieldPath(what, issue?.path ?? []);
  throw invalidInput(`${field}: ${issue?.message ?? "is not valid"}.`, { field });
}

function fieldPath(what: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (field, part) =>
      typeof part === "number" ? `${field}[${part}]` : `${field}.${String(part).slice(0, 64)}`,
    what,
  );
}

const MESSAGE_TYPES: readonly string[] = ["user_message", "assistant_message", "system_message"];

const MESSAGE_FIELDS: readonly string[] = ["id", "timestamp", "entryType", "content"];

/** The longest text of a number, and the envelope of a message, as JSON. */
const MOST_PER_VALUE = 26;
const MESSAGE_ENVELOPE = 256;

/**
 * A message, as most entries are: what the schema would say of it, without the schema, which takes longer than writing the
 * entry does. `null` for all else: then the schema has to say.
 */
function parseMessage(value: unknown, field: string): SessionEntry | null {
  if (typeof value !== "object" || value === null) return null;
  if (Object.keys(value).length !== MESSAGE_FIELDS.length) return null;
  for (const field of MESSAGE_FIELDS) if (!Object.hasOwn(value, field)) return null;
  const { id, timestamp, entryType, content } = value as SessionEntry;
  if (typeof id !== "string" || !isCanonicalUuid(id) || !isTimestamp(timestamp)) return null;
  if (typeof entryType !== "object" || entryType === null || Object.keys(entryType).length !== 1) return null;
  const { type } = entryType;
  if (!Object.hasOwn(entryType, "type") || !MESSAGE_TYPES.includes(type) || content === undefined)
    return null;
  const { copied, length } = copyJsonMeasured(content, `${field}.content`, MAX_ENTRY_BYTES);
  if (length * MOST_PER_VALUE + MESSAGE_ENVELOPE > MAX_ENTRY_BYTES) return null;
  return { id, timestamp, entryType: { type } as EntryType, content: copied };
}

function isTimestamp(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Checks an entry and gives a copy. @throws {SessionError} invalid_input */
function parseEntry(value: unknown, field: string): SessionEntry {
  const message = parseMessage(value, field);
  if (message) return message;
  const entry = parseInput(sessionEntrySchema, value, field);
  const entryType: EntryType =
    entry.entryType.type === "evaluation_result"
      ? { ...entry.entryType, metrics: parseMetrics(entry.entryType.metrics, `${field}.entryType.metrics`) }
      : entry.entryType;
  const parsed = {
    ...entry,
    entryType,
    content: copyJson(entry.content, `${field}.content`, MAX_ENTRY_BYTES),
  };
  if (isLongerThan(parsed, MAX_ENTRY_BYTES)) {
    throw invalidInput(`${field} is longer than ${MAX_ENTRY_BYTES} bytes as JSON.`, { field });
  }
  return parsed;
}

function parseMetrics(value: unknown, field: string): Readonly<Record<string, number>> {
  const metrics = copyJsonObject(value, field);
  for (const [name, metric] of Object.entries(metrics)) {
    if (typeof metric !== "number")
      throw invalidInput(`${field}: ${name.slice(0, 64)} is not a number.`, { field });
  }
  return metrics as Readonly<Record<string, number>>;
}

/** Bounds first: a small entry is not turned into text for nothing, and a huge one could not be. */
function isLongerThan(value: unknown, bytes: number): boolean {
  let least = 0;
  let most = 0;
  const walk = (item: unknown): void => {
    // A UTF-16 unit is at most six bytes of JSON (\u0000); a number or a word of the language at most 25.
    if (typeof item === "string") {
      least += item.length;
      most += item.length * 6 + 4;
    } else if (typeof item === "object" && item !== null) {
      most += 4;
      for (const [key, part] of Object.entries(item)) {
        least += key.length;
        most += key.length * 6 + 6;
        walk(part);
      }
    } else most += 26;
  };
  walk(value);
  if (most <= bytes || least > bytes) return least > bytes;
  return utf8Length(JSON.stringify(value)) > bytes;
}

export function parseEntries(value: unknown, field = "entries"): SessionEntry[] {
  if (!Array.isArray(value)) throw invalidInput(`${field}: expected an array of entries.`, { field });
  const entries: SessionEntry[] = [];
  // Not `map`, which passes over the holes of a sparse array.
  for (let i = 0; i < value.length; i++) entries.push(parseEntry(value[i], `${field}[${i}]`));
  return entries;
}

/** Checks a context and gives a copy. @throws {SessionError} invalid_input */
function parseContext(value: unknown, field = "context"): JsonObject {
  return copyJsonObject(value, field);
}

/** Checks a whole session and gives a copy; what a store added to it (`version`, `seq`) is taken off. */
export function parseSession(value: unknown): Session {
  if (typeof value !== "object" || value === null)
    throw invalidInput("session: expected an object.", { field: "session" });
  const {
    metadata,
    entries,
    context,
    version: _,
    inexact: __,
    ...unknown
  } = value as Record<string, unknown>;
  refuseUnknown(unknown, "session");
  return {
    metadata: parseInput(sessionMetadataSchema, metadata, "metadata") as SessionMetadata,
    entries: parseEntries(Array.isArray(entries) ? entries.map(withoutSeq) : entries),
    context: parseContext(context),
  };
}

function withoutSeq(entry: unknown): unknown {
  if (typeof entry !== "object" || entry === null) return entry;
  const { seq: _, inexact: __, ...rest } = entry as Record<string, unknown>;
  return rest;
}

function refuseUnknown(rest: object, field: string): void {
  const [key] = Object.keys(rest);
  if (key !== undefined)
    throw invalidInput(`${field}: unknown key ${JSON.stringify(key.slice(0, 64))}.`, { field });
}

const changeSchema = z
  .strictObject({
    name: sessionNameSchema.optional(),
    sessionType: sessionTypeSchema.optional(),
    status: sessionStatusSchema.optional(),
    tags: tagsSchema.optional(),
    parentSession: sessionIdSchema.nullable().optional(),
    context: z.unknown().optional(),
    setContext: z.unknown().optional(),
    removeContext: z.array(z.string()).optional(),
  })
  .refine(
    (change) => change.context === undefined || (change.setContext ?? change.removeContext) === undefined,
    {
      error: "takes either context or setContext and removeContext",
    },
  );

/** Checks a change and gives a copy. @throws {SessionError} invalid_input */
export function parseChange(value: unknown): SessionChange {
  const { context, setContext, ...rest } = parseInput(changeSchema, value, "change");
  return {
    ...rest,
    ...(context === undefined ? {} : { context: parseContext(context, "change.context") }),
    ...(setContext === undefined ? {} : { setContext: parseContext(setContext, "change.setContext") }),
  };
}

export const writeOptionsSchema = z.strictObject({
  at: timestampSchema,
  expectedVersion: z.string().optional(),
});
const appendOptionsSchema = writeOptionsSchema.extend({ limits: sessionLimitsSchema.optional() });
/** Checks the options of an append. @throws {SessionError} invalid_input */
export function parseAppendOptions(value: unknown): AppendOptions {
  if (typeof value === "object" && value !== null && Object.keys(value).length === 1) {
    const { at } = value as AppendOptions;
    if (Object.hasOwn(value, "at") && isTimestamp(at)) return { at };
  }
  return parseInput(appendOptionsSchema, value, "options");
}

export const versionOptionsSchema = z.strictObject({ expectedVersion: z.string().optional() });

const pageLimit = z.int().min(1).max(MAX_PAGE);

export const listQuerySchema = z.strictObject({
  filter: sessionFilterSchema.default({}),
  orderBy: z.enum(["updatedAt", "createdAt"]).default("updatedAt"),
  direction: z.enum(["asc", "desc"]).default("desc"),
  limit: pageLimit.default(50),
  cursor: z.string().optional(),
});

export const entriesQuerySchema = z
  .strictObject({
    after: z.int().optional(),
    before: z.int().optional(),
    last: pageLimit.optional(),
    types: z.array(z.enum(ENTRY_TYPE_NAMES)).optional(),
    direction: z.enum(["asc", "desc"]).optional(),
    limit: pageLimit.optional(),
    cursor: z.string().optional(),
  })
  .refine(
    ({ last, direction, limit, cursor }) =>
      last === undefined || (direction ?? limit ?? cursor) === undefined,
    {
      error: "takes either last or direction, limit and cursor",
    },
  );
