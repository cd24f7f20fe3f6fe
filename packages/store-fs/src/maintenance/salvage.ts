import { isUtf8 } from "node:buffer";
import type { JsonObject, SessionId, SessionMetadata } from "@thulp-sessions/core";
import {
  type DecodedContext,
  type DecodedEntry,
  type DecodedMetadata,
  decodeContext,
  decodeEntry,
  decodeMetadata,
} from "../format/serde/codec.ts";
import { FormatError } from "../format/serde/format-error.ts";
import { JsonScanner } from "../format/serde/json-scanner.ts";
import { BACKSLASH, COLON, QUOTE } from "../format/serde/json-tokens.ts";
import type { Range } from "../format/serde/serde.ts";

/** What is whole in the bytes of a damaged file. */
export interface Salvaged {
  /** `null` where it cannot be read. */
  readonly metadata: DecodedMetadata | null;
  readonly context: DecodedContext | null;
  /** In the order of the file; of several with one id the first. */
  readonly entries: readonly DecodedEntry[];
  /** How many whole entries were left out, since one with their id stands before them. */
  readonly repeated: number;
}

/**
 * Finds everything in a file that can still be read: the metadata, the context, and every whole entry, before
 * and after what is damaged. An old tail behind a newer text, or two files in one, give each entry once.
 */
export function salvage(bytes: Buffer): Salvaged {
  const { stackTraceLimit } = Error;
  // Millions of places may turn out to be nothing, each with an error; its stack takes most of the time.
  Error.stackTraceLimit = 0;
  try {
    return salvageAll(bytes);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function salvageAll(bytes: Buffer): Salvaged {
  const metadata = firstValue(bytes, "metadata", [], decodeMetadata);
  const found: DecodedEntry[] = [];
  const ids = new Set<string>();
  let repeated = 0;
  for (let at = bytes.indexOf("{"); at >= 0; at = bytes.indexOf("{", at + 1)) {
    const entry = beginsObject(bytes, at) ? readAt(bytes, at, decodeEntry) : null;
    if (!entry) continue;
    at = entry.end - 1;
    if (ids.has(entry.id)) repeated++;
    else found.push(entry);
    ids.add(entry.id);
  }
  const context = firstValue(bytes, "context", found, decodeContext);
  return { metadata, context, entries: found, repeated };
}

/** Do a key and a colon follow the brace? Most of what is no entry is told apart by that. */
function beginsObject(bytes: Buffer, brace: number): boolean {
  const key = behindSpace(bytes, brace + 1);
  if (bytes[key] !== QUOTE) return false;
  const end = bytes.indexOf(QUOTE, key + 1);
  if (end < 0) return false;
  // A quote in the key: then it is read in earnest.
  return bytes[end - 1] === BACKSLASH || bytes[behindSpace(bytes, end + 1)] === COLON;
}

function behindSpace(bytes: Buffer, start: number): number {
  let at = start;
  while (WHITESPACE.includes(bytes[at] as number)) at++;
  return at;
}

const WHITESPACE: readonly number[] = [0x20, 0x0a, 0x0d, 0x09];
/**
 * No entry that anybody has written is nested so deep, and what is nested without end would be gone over once
 * for each of its levels.
 */
const MOST_LEVELS = 150;

/** The first value under the key that can be read and does not stand within an entry. */
function firstValue<T>(
  bytes: Buffer,
  key: string,
  entries: readonly Range[],
  read: (scanner: JsonScanner) => T,
): T | null {
  const name = `"${key}"`;
  let next = 0;
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) {
    while (next < entries.length && (entries[next] as Range).end <= at) next++;
    if (next < entries.length && (entries[next] as Range).start <= at) continue;
    const value = readAt(bytes, at + name.length, (scanner) => {
      scanner.expect(COLON, "expected ':'");
      scanner.peek();
      return read(scanner);
    });
    if (value !== null) return value;
  }
  return null;
}

function readAt<T>(bytes: Buffer, at: number, read: (scanner: JsonScanner) => T): T | null {
  const scanner = new JsonScanner(bytes, at);
  scanner.mostLevels = MOST_LEVELS;
  try {
    const value = read(scanner);
    return isUtf8(bytes.subarray(at, scanner.position)) ? value : null;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/**
 * For a session whose metadata cannot be read: what follows from its name and its entries, and the tag
 * `recovered`.
 */
export function placeholderMetadata(id: SessionId, entries: readonly DecodedEntry[]): SessionMetadata {
  const times = entries.map(({ timestamp }) => timestamp);
  return {
    id,
    name: `Recovered session ${id}`,
    sessionType: { type: "conversation", purpose: "recovered" },
    createdAt: times.reduce((a, b) => Math.min(a, b), times[0] ?? 0),
    updatedAt: times.reduce((a, b) => Math.max(a, b), 0),
    status: "paused",
    tags: ["recovered"],
    parentSession: null,
  };
}

/** A context that cannot be read is lost. */
export const NO_CONTEXT: {
  readonly value: JsonObject;
  readonly fields: ReadonlyMap<string, Range>;
  readonly inexact: false;
} = {
  value: {},
  fields: new Map(),
  inexact: false,
};
