import type { JsonObject, JsonValue, Session, SessionEntry, SessionMetadata } from "@thulp-sessions/core";
import { jsonEqual } from "@thulp-sessions/core/store";
import {
  CLOSING,
  FIRST_SEPARATOR,
  type Header,
  headerBytes,
  type Piece,
  SEPARATOR,
} from "./canonical-layout.ts";
import { type DecodedEntry, encodeMetadata, METADATA_FIELDS, parseRange, type Range } from "./codec.ts";
import { entriesText, entryText } from "./encode-entry.ts";
import type { SessionScan } from "./file-scan.ts";

/** What a session file shall hold. */
export interface Rewrite {
  readonly metadata: SessionMetadata;
  readonly context: JsonObject;
  /** How many of the entries stay, from the first. */
  readonly keep: number;
  /** What follows them. */
  readonly add: readonly SessionEntry[];
}

/** A whole new file. */
export function newFile({ metadata, context, entries }: Session): Buffer {
  const encoded = encodeMetadata(metadata);
  const fields = METADATA_FIELDS.filter((field) => field !== "updated_at").map(
    (field) => [field, { value: encoded[field] }] as const,
  );
  const header = headerBytes({
    updatedAt: metadata.updatedAt,
    metadata: fields,
    context: { value: context },
    unknown: [],
  });
  return Buffer.concat([header, Buffer.from(entriesText(entries))]);
}

/**
 * The bytes of a file anew, in our layout. Whatever is as it was (fields, context values, entries, what we do not know)
 * keeps its bytes: numbers that JavaScript cannot hold stay what they are.
 */
export function rewrite(bytes: Buffer, scan: SessionScan, { metadata, context, keep, add }: Rewrite): Buffer {
  const parts: Buffer[] = [headerBytes(headerOf(bytes, scan, metadata, context))];
  const kept = scan.entries.slice(0, keep);
  kept.forEach((entry, i) => {
    parts.push(
      Buffer.from(i === 0 ? FIRST_SEPARATOR : SEPARATOR),
      entryBytes(bytes, entry, i === kept.length - 1),
    );
  });
  // A repeated comma: entriesText begins with what stands behind the bracket.
  parts.push(Buffer.from(add.length === 0 ? CLOSING : (keep > 0 ? "," : "") + entriesText(add)));
  return Buffer.concat(parts);
}

/** The same with all entries given; those that are there already keep their bytes. */
export function rewriteEntries(
  bytes: Buffer,
  scan: SessionScan,
  { metadata, context, entries }: Session,
): Buffer {
  const unused = new Map<string, DecodedEntry[]>();
  for (const entry of scan.entries) {
    const same = unused.get(entry.id);
    if (same) same.push(entry);
    else unused.set(entry.id, [entry]);
  }
  const parts: Buffer[] = [headerBytes(headerOf(bytes, scan, metadata, context))];
  entries.forEach((entry, i) => {
    const candidates = unused.get(entry.id) ?? [];
    const at = candidates.findIndex((candidate) => holds(bytes, candidate, entry));
    const [stored] = at < 0 ? [] : candidates.splice(at, 1);
    // Written in one step: where a batch ended before does not matter any more.
    const text = stored ? entryBytes(bytes, stored, true) : Buffer.from(entryText(entry));
    parts.push(Buffer.from(i === 0 ? FIRST_SEPARATOR : SEPARATOR), text);
  });
  parts.push(Buffer.from(CLOSING));
  return Buffer.concat(parts);
}

function holds(bytes: Buffer, stored: DecodedEntry, entry: SessionEntry): boolean {
  return (
    stored.timestamp === entry.timestamp &&
    jsonEqual(stored.entryType as JsonValue, entry.entryType as JsonValue) &&
    jsonEqual(parseRange(bytes, stored.content), entry.content)
  );
}

/** @param last no batch may go on behind the last entry: a torn write after it would take it along. */
function entryBytes(bytes: Buffer, entry: DecodedEntry, last: boolean): Buffer {
  if (!last || !entry.more) return bytes.subarray(entry.start, entry.end);
  return Buffer.concat([
    bytes.subarray(entry.start, entry.moreAt),
    Buffer.from("false"),
    bytes.subarray(entry.moreAt + "true".length, entry.end),
  ]);
}

function headerOf(bytes: Buffer, scan: SessionScan, metadata: SessionMetadata, context: JsonObject): Header {
  const raw = ({ start, end }: Range): Piece => ({ raw: bytes.subarray(start, end) });
  const before = encodeMetadata(scan.metadata.value);
  const after = encodeMetadata(metadata);
  const known = METADATA_FIELDS.filter((field) => field !== "updated_at").map((field): [string, Piece] => {
    const range = scan.metadata.fields.get(field);
    // The file's name is the identity; what the file says of its id is not ours to change.
    const same = field === "id" || jsonEqual(before[field] as JsonValue, after[field] as JsonValue);
    return [field, range && same ? raw(range) : { value: after[field] }];
  });
  const members = Object.entries(context).map(([key, value]): [string, Piece] => {
    const range = scan.context.fields.get(key);
    const same = range !== undefined && jsonEqual(scan.context.value[key] as JsonValue, value);
    return [key, same ? raw(range) : { value }];
  });
  return {
    updatedAt: metadata.updatedAt,
    metadata: [...known, ...scan.metadata.unknown.map((field): [string, Piece] => [field.key, raw(field)])],
    context: { members },
    unknown: scan.unknown.map((field): [string, Piece] => [field.key, raw(field)]),
  };
}
