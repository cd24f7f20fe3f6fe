import { z } from "zod";
import { arrayOf } from "../model/array-of.ts";
import { invalidInput } from "../model/errors.ts";
import { sessionIdSchema } from "../model/id-schemas.ts";
import {
  copyArgument,
  copyJsonMeasured,
  copyJsonObject,
  type JsonLength,
  type JsonObject,
  ownProperties,
  readArgument,
} from "../model/json.ts";
import { MAX_ENTRY_BYTES, type Session, type SessionEntry, type SessionMetadata } from "../model/model.ts";
import {
  entryEnvelopeSchema,
  sessionMetadataSchema,
  sessionNameSchema,
  sessionStatusSchema,
  sessionTypeSchema,
  tagsSchema,
  timestampSchema,
} from "../model/model-schemas.ts";
import { utf8Length } from "../model/utf8-length.ts";
import { checkContextBounds, checkMetadataBounds } from "../rules/bounds.ts";
import { sessionLimitsSchema } from "../rules/limits.ts";
import type { AppendOptions, SessionChange } from "../rules/writes.ts";
import {
  ENVELOPE_BYTES,
  type Envelope,
  isRecord,
  isTimestamp,
  usualEnvelopeBytes,
} from "./usual-envelope.ts";

/**
 * Checks a copy of `value`, and gives what the schema makes of it.
 *
 * @param what names the value in the error.
 * @throws {SessionError} invalid_input that names the first field that is wrong.
 */
export function parseInput<T>(schema: z.ZodType<T, unknown>, value: unknown, what: string): T {
  return parseChecked(schema, copyArgument(value, what), what);
}

/** The same for a value that was copied before. */
function parseChecked<T>(schema: z.ZodType<T, unknown>, value: unknown, what: string): T {
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

const ENTRY_FIELDS: readonly string[] = ["id", "timestamp", "entryType", "content"];
const TYPE_FIELDS: readonly string[] = ["type"];
const EVENT_FIELDS: readonly string[] = ["type", "event"];
const TOOL_FIELDS: readonly string[] = ["type", "toolName", "success"];
/** What a store adds to an entry; left out where a session that was read is given back. */
const STORED_FIELDS: readonly string[] = ["seq", "inexact"];

/** Checks an entry and gives a copy. @throws {SessionError} invalid_input */
function parseEntry(value: unknown, field: string, isStored: boolean): SessionEntry {
  const { given, content: givenContent } = readEntry(value, field, isStored);
  const envelopeBytes = usualEnvelopeBytes(given);
  const isUsual = envelopeBytes !== undefined;
  const { id, timestamp, entryType } = isUsual ? (given as Envelope) : parseEnvelope(given, field);
  const { copied: content, length } = copyJsonMeasured(givenContent, `${field}.content`, MAX_ENTRY_BYTES);
  const entry: SessionEntry = { id, timestamp, entryType, content };
  // Bounds first: a small entry is not turned into text for nothing.
  const isSmall = isUsual && length.most + envelopeBytes <= MAX_ENTRY_BYTES;
  if (!isSmall && isLongerThan(entry, length, MAX_ENTRY_BYTES)) {
    throw invalidInput(`${field} is longer than ${MAX_ENTRY_BYTES} bytes as JSON.`, { field });
  }
  return entry;
}

/**
 * The own properties of an entry, and of its type, each read once; nothing else about them is checked. The
 * literals are the way of most entries, and several times as fast as a copy key by key.
 */
function readEntry(value: unknown, field: string, isStored: boolean): { given: object; content: unknown } {
  if (!isRecord(value)) throw invalidInput(`${field}: expected an entry.`, { field });
  if (hasOnly(value, ENTRY_FIELDS)) {
    const { id, timestamp, entryType, content } = value;
    return { given: { id, timestamp, entryType: readType(entryType, field) }, content };
  }
  const { content, entryType, ...given } = ownProperties(value, field);
  if (isStored) for (const name of STORED_FIELDS) delete given[name];
  return { given: { ...given, entryType: readType(entryType, field) }, content };
}

/** A copy. The fields of the usual types come in the order in which they are stored. */
function readType(value: unknown, field: string): unknown {
  if (!isRecord(value)) return value;
  if (hasOnly(value, TYPE_FIELDS)) return { type: value["type"] };
  if (hasOnly(value, EVENT_FIELDS)) return { type: value["type"], event: value["event"] };
  if (hasOnly(value, TOOL_FIELDS)) {
    const { type, toolName, success } = value;
    return { type, toolName, success };
  }
  return ownProperties(value, `${field}.entryType`);
}

/** True when these are all the keys that the object has, in whatever order. */
function hasOnly(value: object, names: readonly string[]): boolean {
  const keys = Object.keys(value);
  // Keys that are symbols or not enumerable count here only.
  if (keys.length !== names.length || Reflect.ownKeys(value).length !== names.length) return false;
  for (const key of keys) if (!names.includes(key)) return false;
  return true;
}

function parseEnvelope(given: unknown, field: string): Envelope {
  const { id, timestamp, entryType } = parseChecked(entryEnvelopeSchema, given, field);
  if (entryType.type !== "evaluation_result") return { id, timestamp, entryType };
  const metrics = parseMetrics(entryType.metrics, `${field}.entryType.metrics`);
  return { id, timestamp, entryType: { ...entryType, metrics } };
}

function parseMetrics(value: unknown, field: string): Readonly<Record<string, number>> {
  const metrics = copyJsonObject(value, field);
  for (const [name, metric] of Object.entries(metrics)) {
    if (typeof metric !== "number")
      throw invalidInput(`${field}: ${name.slice(0, 64)} is not a number.`, { field });
  }
  return metrics as Readonly<Record<string, number>>;
}

/** @param content the length of its content, which is the part that can be long. */
function isLongerThan(entry: SessionEntry, content: JsonLength, bytes: number): boolean {
  const { content: _, ...envelope } = entry;
  const { least, most } = copyJsonMeasured(envelope, "entry", Number.POSITIVE_INFINITY).length;
  const [atLeast, atMost] = [least + content.least, most + content.most + ENVELOPE_BYTES];
  if (atMost <= bytes || atLeast > bytes) return atLeast > bytes;
  return utf8Length(JSON.stringify(entry)) > bytes;
}

/**
 * Checks entries and gives copies.
 *
 * @param isStored they come from a store: what it adds to an entry is left out.
 * @throws {SessionError} invalid_input
 */
export function parseEntries(value: unknown, field = "entries", isStored = false): SessionEntry[] {
  return readArgument(field, () => {
    if (!Array.isArray(value)) throw invalidInput(`${field}: expected an array of entries.`, { field });
    const entries: SessionEntry[] = [];
    const { length } = value;
    // Not `map`, which skips the holes of a sparse array.
    for (let i = 0; i < length; i++) entries.push(parseEntry(value[i], `${field}[${i}]`, isStored));
    return entries;
  });
}

/** Checks a context and gives a copy. @throws {SessionError} invalid_input */
function parseContext(value: unknown, field = "context"): JsonObject {
  return copyJsonObject(value, field);
}

/**
 * Checks a whole session and gives a copy. One that a store has given (it has a `version`) may be larger than
 * a new one; what a store adds to it (`version`, `epoch`, `seq`, `inexact`) is left out.
 *
 * @throws {SessionError} invalid_input
 */
export function parseSession(value: unknown): Session {
  if (typeof value !== "object" || value === null)
    throw invalidInput("session: expected an object.", { field: "session" });
  const given = readArgument("session", () => (isRecord(value) ? ownProperties(value, "session") : {}));
  const { metadata, entries, context, ...rest }: Record<string, unknown> = given;
  const { version, epoch: _, inexact: __, ...unknown } = rest;
  refuseUnknown(unknown, "session");
  const session: Session = {
    metadata: parseInput(sessionMetadataSchema, metadata, "metadata") as SessionMetadata,
    entries: parseEntries(entries, "entries", true),
    context: parseContext(context),
  };
  if (version === undefined) {
    checkMetadataBounds(session.metadata);
    checkContextBounds(session.context);
  }
  return session;
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
    removeContext: arrayOf(z.string()).optional(),
  })
  .refine(
    (change) => change.context === undefined || (change.setContext ?? change.removeContext) === undefined,
    {
      error: "takes either context or setContext and removeContext",
    },
  );

/** Checks a change and gives a copy. @throws {SessionError} invalid_input */
export function parseChange(value: unknown): SessionChange {
  const given = readArgument("change", () => {
    if (!isRecord(value)) throw invalidInput("change: expected an object.", { field: "change" });
    return ownProperties(value, "change");
  });
  // Contexts are JSON, which has stricter rules than other arguments, and is copied below.
  const { context: _, setContext: __, ...others } = given;
  const copied = copyArgument(others, "change") as Record<string, unknown>;
  for (const name of ["context", "setContext"]) if (name in given) copied[name] = given[name];
  const { context, setContext, ...rest } = parseChecked(changeSchema, copied, "change");
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
const appendOptionsSchema = writeOptionsSchema
  .extend({
    expectedEpoch: z.string().optional(),
    limits: sessionLimitsSchema.optional(),
    keep: z.int().min(0).optional(),
    setContext: z.unknown().optional(),
    removeContext: arrayOf(z.string()).optional(),
  })
  .refine(({ keep, expectedVersion }) => keep === undefined || expectedVersion !== undefined, {
    path: ["keep"],
    error: "goes with expectedVersion only: what is dropped has to be known",
  });
const TIME_ONLY: readonly string[] = ["at"];
const TIME_AND_EPOCH: readonly string[] = ["at", "expectedEpoch"];

/** Checks the options of an append. @throws {SessionError} invalid_input */
export function parseAppendOptions(value: unknown): AppendOptions {
  return readArgument("options", () => {
    if (!isRecord(value)) return parseInput(appendOptionsSchema, value, "options") as AppendOptions;
    // As most are: the schema would take longer than everything else about the options.
    if (hasOnly(value, TIME_ONLY)) {
      const { at } = value;
      return isTimestamp(at) ? { at } : parseFullAppendOptions({ at });
    }
    if (hasOnly(value, TIME_AND_EPOCH)) {
      const { at, expectedEpoch } = value;
      const isUsual = isTimestamp(at) && typeof expectedEpoch === "string";
      return isUsual ? { at, expectedEpoch } : parseFullAppendOptions({ at, expectedEpoch });
    }
    return parseFullAppendOptions(ownProperties(value, "options"));
  });
}

function parseFullAppendOptions({ setContext, ...others }: Record<string, unknown>): AppendOptions {
  // JSON has stricter rules than other arguments.
  const checked = parseInput(appendOptionsSchema, others, "options") as AppendOptions;
  if (setContext === undefined) return checked;
  return { ...checked, setContext: parseContext(setContext, "options.setContext") };
}

export const versionOptionsSchema = z.strictObject({ expectedVersion: z.string().optional() });
