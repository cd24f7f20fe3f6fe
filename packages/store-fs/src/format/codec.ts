import { isAscii } from "node:buffer";
import type {
  EntryId,
  EntryType,
  JsonObject,
  JsonValue,
  SessionEntry,
  SessionId,
  SessionMetadata,
  SessionStatus,
  SessionType,
  StoredEntry,
} from "@thulp-sessions/core";
import { SESSION_STATUSES } from "@thulp-sessions/core";
import { isCanonicalUuid, setKey } from "@thulp-sessions/core/store";
import { FormatError } from "./format-error.ts";
import { type JsonScanner, OPEN_ARRAY, OPEN_OBJECT } from "./json-scanner.ts";

// Longer than most files: how a thing is read and how it is written stand side by side, to be held against each other.

// The one place that knows the original's field names, and what serde accepts for each. Struct fields may stand in any
// order, or as an array in the order below; an unknown field is ignored, a known one twice is an error.

/** How deep arrays and objects may be nested in a file: serde_json's limit. */
const MAX_LEVELS = 127;
export const LEVELS_IN_CONTENT = MAX_LEVELS - 3;
const LEVELS_IN_CONTEXT_VALUE = MAX_LEVELS - 2;
const LEVELS_IN_SESSION_TYPE = MAX_LEVELS - 3;
const LEVELS_IN_ENTRY_TYPE = MAX_LEVELS - 4;

export const SESSION_FIELDS = ["metadata", "entries", "context"] as const;
export const METADATA_FIELDS = [
  "id",
  "name",
  "session_type",
  "created_at",
  "updated_at",
  "status",
  "tags",
  "parent_session",
] as const;
type MetadataField = (typeof METADATA_FIELDS)[number];
export const ENTRY_FIELDS = ["id", "timestamp", "entry_type", "content"] as const;

type FieldKind = "string" | "whole" | "bool" | "float" | "metrics";
type Variants = Readonly<Record<string, readonly (readonly [file: string, ours: string, kind: FieldKind])[]>>;

export const SESSION_TYPES: Variants = {
  teacher_demo: [
    ["task", "task", "string"],
    ["model", "model", "string"],
  ],
  evaluation: [
    ["skill_name", "skillName", "string"],
    ["test_cases", "testCases", "whole"],
  ],
  refinement: [
    ["skill_name", "skillName", "string"],
    ["iteration", "iteration", "whole"],
  ],
  conversation: [["purpose", "purpose", "string"]],
  agent: [["agent_name", "agentName", "string"]],
};

export const ENTRY_TYPES: Variants = {
  user_message: [],
  assistant_message: [],
  system_message: [],
  tool_call: [
    ["tool_name", "toolName", "string"],
    ["success", "success", "bool"],
  ],
  skill_execution: [
    ["skill_name", "skillName", "string"],
    ["success", "success", "bool"],
  ],
  evaluation_result: [
    ["score", "score", "float"],
    ["metrics", "metrics", "metrics"],
  ],
  system_event: [["event", "event", "string"]],
};

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** An unknown field, kept as it is written. */
export interface RawField extends Range {
  readonly key: string;
}

export interface DecodedMetadata {
  readonly value: SessionMetadata;
  /** Where the value of each field stands; empty when the metadata is written as an array. */
  readonly fields: ReadonlyMap<MetadataField, Range>;
  readonly unknown: readonly RawField[];
}

/** Reads the metadata before which the scanner stands. */
export function decodeMetadata(scanner: JsonScanner): DecodedMetadata {
  const fields = new Map<MetadataField, Range>();
  const { values, unknown } = readStruct(
    scanner,
    "metadata",
    METADATA_FIELDS,
    {
      id: readUuid,
      name: (s) => s.string(),
      session_type: (s) => readTagged(s, SESSION_TYPES, LEVELS_IN_SESSION_TYPE, "session type"),
      created_at: readWhole,
      updated_at: readWhole,
      status: readStatus,
      tags: readTags,
      parent_session: (s) => (s.takeNull() ? null : readUuid(s)),
    },
    { tags: () => [], parent_session: () => null },
    (field, range) => fields.set(field, range),
  );
  const value: SessionMetadata = {
    id: values.id as SessionId,
    name: values.name as string,
    sessionType: values.session_type as SessionType,
    createdAt: values.created_at as number,
    updatedAt: values.updated_at as number,
    status: values.status as SessionStatus,
    tags: values.tags as string[],
    parentSession: values.parent_session as SessionId | null,
  };
  return { value, fields, unknown };
}

/** An entry that has been checked but not been read. */
export interface EntrySpan extends Range {
  readonly id: EntryId;
  /** The name of the type is right; its fields need not be there. */
  readonly entryType: Pick<EntryType, "type">;
  readonly inexact: boolean;
  /** The batch goes on with the next entry. */
  readonly more: boolean;
  /** The next batch was written in the same write. */
  readonly grouped: boolean;
  /** `updatedAt` of the session after the batch that ends with this entry; -1 where it carries none. */
  readonly batchTime: number;
  /** Written as objects with a canonical id, so that `plainEntry` reads it too. */
  readonly plain: boolean;
}

/** An entry whose content has been checked but not been read yet. */
export interface DecodedEntry extends EntrySpan {
  readonly timestamp: number;
  readonly entryType: EntryType;
  readonly content: Range;
  /** Where the value of `more` stands, when that is `true`. */
  readonly moreAt: number;
}

/** Reads the entry before which the scanner stands. */
export function decodeEntry(scanner: JsonScanner): DecodedEntry {
  const start = scanner.position;
  const { bytes } = scanner;
  scanner.sawInexact = false;
  let content: Range = { start, end: start };
  let plain = scanner.peek() === OPEN_OBJECT;
  const { values, unknown } = readStruct(
    scanner,
    "entry",
    ENTRY_FIELDS,
    {
      id: readUuid,
      timestamp: readWhole,
      entry_type: (s) => readTagged(s, ENTRY_TYPES, LEVELS_IN_ENTRY_TYPE, "entry type"),
      content: (s) => s.skip("value", LEVELS_IN_CONTENT),
    },
    {},
    (field, range) => {
      if (field === "content") content = range;
      else if (field === "entry_type") plain &&= bytes[range.start] === OPEN_OBJECT;
      else if (field === "id")
        plain &&= isCanonicalUuid(bytes.toString("latin1", range.start + 1, range.end - 1));
    },
  );
  const textOfMark = ({ start: from, end }: Range) => bytes.toString("latin1", from, end);
  const mark = (key: string) => unknown.find((field) => field.key === key && textOfMark(field) === "true");
  const more = mark("more");
  const batch = unknown.find(({ key }) => key === "batch");
  return {
    start,
    end: scanner.position,
    id: values.id as unknown as EntryId,
    timestamp: values.timestamp as number,
    entryType: values.entry_type as EntryType,
    content,
    inexact: scanner.sawInexact,
    more: more !== undefined,
    moreAt: more?.start ?? -1,
    grouped: mark("grouped") !== undefined,
    batchTime: batch ? batchTimeOf(textOfMark(batch)) : -1,
    plain,
  };
}

function batchTimeOf(text: string): number {
  const [, time] = /^"(0|[1-9]\d{0,15}) \d+ [0-9a-f]+"$/.exec(text) ?? [];
  return time !== undefined && Number.isSafeInteger(Number(time)) ? Number(time) : -1;
}

/** An entry out of `JSON.parse`, of bytes in which `decodeEntry` has found a plain one. */
export function plainEntry(raw: PlainEntry, seq: number): StoredEntry {
  const { id, timestamp, entry_type: tagged, content } = raw;
  const entryType: Record<string, unknown> = { type: tagged.type };
  for (const [name, ours] of ENTRY_TYPES[tagged.type] as Variants[string]) entryType[ours] = tagged[name];
  return { id, timestamp, entryType: entryType as EntryType, content, seq };
}

/** As it stands in a file. */
export interface PlainEntry extends Pick<SessionEntry, "id" | "timestamp" | "content"> {
  readonly entry_type: { readonly type: string; readonly [field: string]: unknown };
}

export interface DecodedContext {
  readonly value: JsonObject;
  /** Where the value of each key stands. */
  readonly fields: ReadonlyMap<string, Range>;
  readonly inexact: boolean;
}

/** Reads the context before which the scanner stands. */
export function decodeContext(scanner: JsonScanner): DecodedContext {
  const value: Record<string, JsonValue> = {};
  const fields = new Map<string, Range>();
  scanner.sawInexact = false;
  scanner.object((key) => {
    const range = skipValue(scanner, LEVELS_IN_CONTEXT_VALUE);
    // Twice the same key: the last one counts, as in the original.
    setKey(value, key, parseRange(scanner.bytes, range));
    fields.set(key, range);
  });
  return { value, fields, inexact: scanner.sawInexact };
}

/** The value in a range that a scanner has skipped as a value. */
export function parseRange(bytes: Buffer, { start, end }: Range): JsonValue {
  return JSON.parse(textOf(bytes.subarray(start, end))) as JsonValue;
}

/** UTF-8 as text. Where all of it is ASCII, as it mostly is, copying does, at a fraction of the price of decoding. */
export function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? "latin1" : "utf8");
}

type Readers<F extends string> = Readonly<Record<F, (scanner: JsonScanner) => unknown>>;

/** A struct as serde's derive reads it. */
function readStruct<F extends string>(
  scanner: JsonScanner,
  what: string,
  order: readonly F[],
  readers: Readers<F>,
  defaults: Partial<Readonly<Record<F, () => unknown>>>,
  onField: (field: F, range: Range) => void,
): { values: Record<F, unknown>; unknown: RawField[] } {
  const values: Partial<Record<F, unknown>> = {};
  const seen = new Set<string>();
  const unknown: RawField[] = [];
  const offset = scanner.position;
  const read = (field: F): void => {
    seen.add(field);
    const { position } = scanner;
    values[field] = readers[field](scanner);
    onField(field, { start: position, end: scanner.position });
  };
  if (scanner.peek() === OPEN_ARRAY) {
    scanner.array((index) => {
      const field = order[index];
      if (field === undefined) scanner.fail(`${what}: more values than fields`);
      read(field);
    });
  } else {
    scanner.object((key, keyOffset) => {
      if (seen.has(key)) scanner.fail(`${what}: duplicate field "${key}"`, keyOffset);
      if (Object.hasOwn(readers, key)) {
        read(key as F);
      } else {
        const { position } = scanner;
        scanner.skip("ignored");
        unknown.push({ key, start: position, end: scanner.position });
      }
    });
  }
  for (const field of order) {
    if (seen.has(field)) continue;
    const fallback = defaults[field];
    if (!fallback) throw new FormatError(`${what}: field "${field}" is missing`, offset);
    values[field] = fallback();
  }
  return { values: values as Record<F, unknown>, unknown };
}

/** An enum with a `type` field, as serde reads it: the tag anywhere in an object, or first in an array. */
function readTagged(scanner: JsonScanner, variants: Variants, levels: number, what: string): unknown {
  const { position: offset } = scanner;
  const found = new Map<string, Range>();
  let tag: string | undefined;
  if (scanner.peek() === OPEN_ARRAY) {
    const ranges: Range[] = [];
    scanner.array((index) => {
      if (index === 0) tag = scanner.string(`expected the name of a ${what}`);
      else ranges.push(skipValue(scanner, levels));
    });
    const names = variantOf(variants, tag, what, offset);
    if (ranges.length !== names.length)
      throw new FormatError(`${what}: expected ${names.length} values`, offset);
    for (const [i, [name]] of names.entries()) found.set(name, ranges[i] as Range);
  } else {
    const members: { key: string; keyOffset: number; range: Range }[] = [];
    scanner.object((key, keyOffset) => {
      if (key !== "type") members.push({ key, keyOffset, range: skipValue(scanner, levels) });
      else if (tag !== undefined) scanner.fail('duplicate field "type"', keyOffset);
      else tag = scanner.string(`expected the name of a ${what}`);
    });
    const names = variantOf(variants, tag, what, offset);
    for (const { key, keyOffset, range } of members) {
      if (!names.some(([name]) => name === key)) continue;
      if (found.has(key)) throw new FormatError(`duplicate field "${key}"`, keyOffset);
      found.set(key, range);
    }
  }
  const after = scanner.position;
  const value: Record<string, unknown> = { type: tag };
  for (const [name, ours, kind] of variantOf(variants, tag, what, offset)) {
    const range = found.get(name);
    if (!range) throw new FormatError(`${what}: field "${name}" is missing`, offset);
    scanner.position = range.start;
    value[ours] = readKind(scanner, kind);
  }
  scanner.position = after;
  return value;
}

function variantOf(
  variants: Variants,
  tag: string | undefined,
  what: string,
  offset: number,
): Variants[string] {
  if (tag === undefined) throw new FormatError(`${what}: field "type" is missing`, offset);
  const variant = Object.hasOwn(variants, tag) ? variants[tag] : undefined;
  if (!variant) throw new FormatError(`unknown ${what} "${tag.slice(0, 64)}"`, offset);
  return variant;
}

function skipValue(scanner: JsonScanner, levels: number): Range {
  const { position } = scanner;
  scanner.skip("value", levels);
  return { start: position, end: scanner.position };
}

function readKind(scanner: JsonScanner, kind: FieldKind): unknown {
  switch (kind) {
    case "string":
      return scanner.string();
    case "whole":
      return readWhole(scanner);
    case "bool":
      return scanner.boolean();
    case "float":
      return Number(scanner.numberText());
    case "metrics": {
      const metrics: Record<string, number> = {};
      scanner.object((name) => setKey(metrics, name, Number(scanner.numberText())));
      return metrics;
    }
  }
}

/** The original's u64. */
function readWhole(scanner: JsonScanner): number {
  scanner.peek();
  const { position } = scanner;
  const text = scanner.numberText("expected a whole number");
  if (!/^\d+$/.test(text) || BigInt(text) > 0xffff_ffff_ffff_ffffn)
    scanner.fail("expected a whole number from 0", position);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new FormatError(`${text} is a whole number that JavaScript cannot hold`, position, "unsupported");
  }
  return value;
}

/** A UUID in any of the forms that the original's parser takes: hyphenated, plain, in braces, as a URN. */
function readUuid(scanner: JsonScanner): string {
  scanner.peek();
  const { position } = scanner;
  const text = scanner.string("expected a UUID");
  const inner =
    text.length === 38 && text.startsWith("{") && text.endsWith("}")
      ? text.slice(1, -1)
      : text.length === 45 && text.startsWith("urn:uuid:")
        ? text.slice(9)
        : text.length === 32
          ? text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
          : text;
  const uuid = inner.toLowerCase();
  if (!isCanonicalUuid(uuid)) scanner.fail("expected a UUID", position);
  return uuid;
}

/** A unit variant: its name, or an object with the name as the only key and null as the value. */
function readStatus(scanner: JsonScanner): SessionStatus {
  let name: string | undefined;
  const { position } = scanner;
  if (scanner.peek() === OPEN_OBJECT) {
    scanner.object((key, keyOffset) => {
      if (name !== undefined || !scanner.takeNull()) scanner.fail("expected a status", keyOffset);
      name = key;
    });
  } else {
    name = scanner.string("expected a status");
  }
  const status = SESSION_STATUSES.find((known) => known === name);
  if (status === undefined) scanner.fail(`unknown status "${(name ?? "").slice(0, 64)}"`, position);
  return status;
}

function readTags(scanner: JsonScanner): string[] {
  const tags: string[] = [];
  scanner.array(() => tags.push(scanner.string()));
  return tags;
}

/** Metadata as it stands in a file. */
export type EncodedMetadata = Readonly<Record<MetadataField, unknown>>;

/** What is written for each field of the metadata. */
export function encodeMetadata(metadata: SessionMetadata): EncodedMetadata {
  return {
    id: metadata.id,
    name: metadata.name,
    session_type: encodeTagged(metadata.sessionType, SESSION_TYPES),
    created_at: metadata.createdAt,
    updated_at: metadata.updatedAt,
    status: metadata.status,
    tags: metadata.tags,
    parent_session: metadata.parentSession,
  };
}

/** What is written for the type of an entry; the fields in the original's order. */
export function encodeEntryType(entryType: EntryType): Record<string, unknown> {
  return encodeTagged(entryType, ENTRY_TYPES);
}

function encodeTagged(value: SessionType | EntryType, variants: Variants): Record<string, unknown> {
  const encoded: Record<string, unknown> = { type: value.type };
  for (const [name, ours] of variants[value.type] ?? [])
    encoded[name] = (value as Record<string, unknown>)[ours];
  return encoded;
}
