import { isAscii, isUtf8, transcode } from "node:buffer";
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
import { isCanonicalUuid, setKey, type Yielder } from "@thulp-sessions/core/store";
import {
  ENTRY_FIELDS,
  ENTRY_TYPES,
  METADATA_FIELDS,
  type MetadataField,
  SESSION_TYPES,
  type Variants,
} from "../../file-text/fields.ts";
import { FormatError } from "./format-error.ts";
import type { JsonScanner } from "./json-scanner.ts";
import { OPEN_OBJECT } from "./json-tokens.ts";
import {
  LEVELS_IN_CONTENT,
  LEVELS_IN_CONTEXT_VALUE,
  LEVELS_IN_ENTRY_TYPE,
  LEVELS_IN_SESSION_TYPE,
  type Range,
  type RawField,
  readStatus,
  readStruct,
  readTagged,
  readTags,
  readUuid,
  readWhole,
  skipValue,
} from "./serde.ts";

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

/** As values it takes many times as much memory, and it is held as a whole. */
const MOST_CONTEXT_BYTES = 64 * 1024 * 1024;

/** Reads the context before which the scanner stands. */
export function decodeContext(scanner: JsonScanner): DecodedContext {
  const value: Record<string, JsonValue> = {};
  const fields = new Map<string, Range>();
  scanner.sawInexact = false;
  const start = scanner.position;
  scanner.object((key) => {
    const range = skipValue(scanner, LEVELS_IN_CONTEXT_VALUE);
    if (range.end - start > MOST_CONTEXT_BYTES)
      throw new FormatError(`a context of more than ${MOST_CONTEXT_BYTES} bytes`, start, "unsupported");
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

/**
 * Before Node 24, from so many bytes on, it is quicker to decode by way of UTF-16, several times for text of
 * which little is ASCII.
 */
const MIN_TRANSCODED_BYTES =
  Number.parseInt(process.versions.node, 10) < 24 ? 4096 : Number.POSITIVE_INFINITY;

/**
 * UTF-8 as text, what is none as U+FFFD. Where all of it is ASCII, as it mostly is, copying does, at a
 * fraction of the price of decoding.
 */
export function textOf(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString("latin1");
  return isTranscoded(bytes) ? utf16Of(bytes).toString("utf16le") : bytes.toString("utf8");
}

/** The same of many megabytes, in steps between which others have their turn. */
export async function textInSteps(bytes: Buffer, yielder: Yielder): Promise<string> {
  if (isAscii(bytes) || !isTranscoded(bytes)) return textOf(bytes);
  const utf16 = utf16Of(bytes);
  await yielder.yieldIfDue();
  return utf16.toString("utf16le");
}

function isTranscoded(bytes: Buffer): boolean {
  return bytes.length >= MIN_TRANSCODED_BYTES && isUtf8(bytes);
}

function utf16Of(bytes: Buffer): Buffer {
  return transcode(bytes, "utf8", "utf16le");
}
