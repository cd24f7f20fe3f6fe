import type { EntryId, EntryType } from "@thulp-sessions/core";
import { ENTRY_FIELDS, ENTRY_TYPES } from "../file-text/fields.ts";
import { ENTRY_ENDING } from "../file-text/layout.ts";
import type { EntrySpan } from "./serde/codec.ts";
import { FormatError } from "./serde/format-error.ts";
import type { JsonScanner } from "./serde/json-scanner.ts";
import { LEVELS_IN_CONTENT } from "./serde/serde.ts";

// Most entries of most files are as we have written them: fields in one order, each on a line of its own. For
// these the lines are compared and only the values looked at, several times as fast as by the decoder that
// takes everything.

const [ID, TIMESTAMP, ENTRY_TYPE, CONTENT] = ENTRY_FIELDS;
const BEFORE_ID = Buffer.from(`{\n      "${ID}": "`);
const BEFORE_TIMESTAMP = Buffer.from(`",\n      "${TIMESTAMP}": `);
const BEFORE_TYPE = Buffer.from(`,\n      "${ENTRY_TYPE}": {\n        "type": "`);
const BEFORE_CONTENT = Buffer.from(`\n      },\n      "${CONTENT}": `);
const ENDING = Buffer.from(ENTRY_ENDING);
const MORE = Buffer.from(',\n      "more": true');
const BEFORE_BATCH = Buffer.from(',\n      "batch": "');
const QUOTE = '"'.charCodeAt(0);
const BLANK = " ".charCodeAt(0);
const GROUPED = Buffer.from(',\n      "grouped": true');
const ID_LENGTH = 36;
const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");

/**
 * The name with its closing quote, and the lines of the fields, for each type whose fields are all texts or
 * booleans.
 */
const TYPES = Object.entries(ENTRY_TYPES).flatMap(([type, fields]) => {
  const simple = fields.every(([, , kind]) => kind === "string" || kind === "bool");
  const lines = fields.map(([name, , kind]) => ({
    before: Buffer.from(`,\n        "${name}": `),
    kind,
  }));
  return simple ? [{ type: { type } as Pick<EntryType, "type">, name: Buffer.from(`${type}"`), lines }] : [];
});

/**
 * Skips the entry that begins just where the scanner stands; `null` when it is laid out otherwise, is damaged
 * or goes on behind what is in memory: then the scanner stands where it stood, and the decoder has to say.
 */
export function skipCanonicalEntry(scanner: JsonScanner): EntrySpan | null {
  const start = scanner.position;
  const entry = skip(scanner, start);
  if (!entry) scanner.position = start;
  return entry;
}

function skip(scanner: JsonScanner, start: number): EntrySpan | null {
  const { bytes } = scanner;
  if (!startsAt(bytes, start, BEFORE_ID)) return null;
  const idStart = start + BEFORE_ID.length;
  let at = idStart + ID_LENGTH;
  if (!isCanonicalAt(bytes, idStart) || !startsAt(bytes, at, BEFORE_TIMESTAMP)) return null;
  at = skipDigits(bytes, at + BEFORE_TIMESTAMP.length);
  if (at < 0 || !startsAt(bytes, at, BEFORE_TYPE)) return null;
  at += BEFORE_TYPE.length;
  const variant = typeAt(bytes, at);
  if (!variant) return null;
  at += variant.name.length;
  try {
    for (const { before, kind } of variant.lines) {
      if (!startsAt(bytes, at, before)) return null;
      at += before.length;
      if (kind === "bool") {
        const literal = startsAt(bytes, at, TRUE) ? TRUE : startsAt(bytes, at, FALSE) ? FALSE : null;
        if (!literal) return null;
        at += literal.length;
      } else {
        scanner.position = at;
        scanner.skipString();
        at = scanner.position;
      }
    }
    if (!startsAt(bytes, at, BEFORE_CONTENT)) return null;
    scanner.sawInexact = false;
    scanner.position = at + BEFORE_CONTENT.length;
    scanner.skip("value", LEVELS_IN_CONTENT);
    at = scanner.position;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
  const more = startsAt(bytes, at, MORE);
  if (more) at += MORE.length;
  let batchTime = -1;
  if (!more && startsAt(bytes, at, BEFORE_BATCH)) {
    const timeStart = at + BEFORE_BATCH.length;
    at = skipDigits(bytes, timeStart);
    const lengthEnd = at < 0 || bytes[at] !== BLANK ? -1 : skipDigits(bytes, at + 1);
    const end = lengthEnd < 0 || bytes[lengthEnd] !== BLANK ? -1 : skipHex(bytes, lengthEnd + 1);
    if (end < 0 || bytes[end] !== QUOTE) return null;
    batchTime = Number(bytes.toString("latin1", timeStart, at));
    at = end + 1;
  }
  const grouped = !more && startsAt(bytes, at, GROUPED);
  if (grouped) at += GROUPED.length;
  if (!startsAt(bytes, at, ENDING)) return null;
  scanner.position = at + ENDING.length;
  return {
    start,
    end: scanner.position,
    id: bytes.toString("latin1", idStart, idStart + ID_LENGTH) as EntryId,
    entryType: variant.type,
    inexact: scanner.sawInexact,
    more,
    grouped,
    batchTime,
    plain: true,
  };
}

function typeAt(bytes: Buffer, at: number): (typeof TYPES)[number] | undefined {
  for (const type of TYPES) if (startsAt(bytes, at, type.name)) return type;
  return undefined;
}

/** Do these bytes stand there? */
function startsAt(bytes: Buffer, at: number, text: Buffer): boolean {
  const { length } = text;
  if (at + length > bytes.length) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** 1 for a hexadecimal digit in lower case. */
const HEX = new Uint8Array(256).fill(1, 0x30, 0x3a).fill(1, 0x61, 0x67);

/** Does a UUID in lower case with hyphens stand there? */
function isCanonicalAt(bytes: Buffer, start: number): boolean {
  for (let i = 0; i < ID_LENGTH; i++) {
    const byte = bytes[start + i] ?? 0;
    const wanted = i === 8 || i === 13 || i === 18 || i === 23 ? byte === 0x2d : HEX[byte] === 1;
    if (!wanted) return false;
  }
  return true;
}

/** Behind one to eight hexadecimal digits, or -1. */
function skipHex(bytes: Buffer, start: number): number {
  let at = start;
  while (HEX[bytes[at] ?? 0] === 1) at++;
  return at === start || at - start > 8 ? -1 : at;
}

/** Behind a whole number that JavaScript holds, or -1. */
function skipDigits(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x30 || byte > 0x39) break;
    at++;
  }
  const length = at - start;
  return length === 0 || length > 15 || (length > 1 && bytes[start] === 0x30) ? -1 : at;
}
