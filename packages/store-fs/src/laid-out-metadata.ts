import {
  SESSION_STATUSES,
  type SessionId,
  type SessionMetadata,
  type SessionStatus,
  type SessionType,
} from "@thulp-sessions/core";
import { METADATA_FIELDS, SESSION_TYPES } from "./codec.ts";
import { Damage } from "./damage.ts";
import { JsonScanner } from "./json-scanner.ts";
import { isCanonicalAt, passDigits, startsAt } from "./laid-out.ts";
import { UPDATED_AT_OFFSET, UPDATED_AT_WIDTH } from "./layout.ts";

// The metadata of most files is as we have written it, each field on a line of its own: then the lines are compared and
// only the values read, in a fraction of the time that the decoder takes, which accepts everything.

const [ID, NAME, SESSION_TYPE, CREATED_AT, , STATUS, TAGS, PARENT] = METADATA_FIELDS;
const line = (field: string) => Buffer.from(`,\n    "${field}": `);
const BEFORE_ID = Buffer.from(`,\n    "${ID}": "`);
const BEFORE_NAME = Buffer.from(`",\n    "${NAME}": `);
const BEFORE_TYPE = Buffer.from(`,\n    "${SESSION_TYPE}": {\n      "type": "`);
const BEFORE_CREATED_AT = Buffer.from(`\n    },\n    "${CREATED_AT}": `);
const BEFORE_STATUS = Buffer.from(`,\n    "${STATUS}": "`);
const BEFORE_TAGS = line(TAGS);
const BEFORE_PARENT = line(PARENT);
const NO_TAGS = Buffer.from("[]");
const TAGS_OPENING = Buffer.from("[\n      ");
const NEXT_TAG = Buffer.from(",\n      ");
const TAGS_CLOSING = Buffer.from("\n    ]");
const NULL = Buffer.from("null");
const QUOTE = Buffer.from('"');
const ENDING = Buffer.from("\n  }");
const ID_LENGTH = 36;

const TYPES = Object.entries(SESSION_TYPES).map(([type, fields]) => ({
  type,
  name: Buffer.from(`${type}"`),
  fields: fields.map(([name, ours, kind]) => ({ before: Buffer.from(`,\n      "${name}": `), ours, kind })),
}));
const STATUSES = SESSION_STATUSES.map((status) => ({ status, text: Buffer.from(`${status}"`) }));

/** The metadata at the head of a file of ours, frozen, and where it ends; `null` when the decoder has to say. */
export function readLaidOutMetadata(bytes: Buffer): { value: SessionMetadata; end: number } | null {
  const scanner = new JsonScanner(bytes);
  try {
    return read(bytes, scanner);
  } catch (error) {
    if (error instanceof Damage) return null;
    throw error;
  }
}

/** @param bytes begin as only our files do. */
function read(bytes: Buffer, scanner: JsonScanner): { value: SessionMetadata; end: number } | null {
  const updatedAt = Number(bytes.toString("latin1", UPDATED_AT_OFFSET, UPDATED_AT_OFFSET + UPDATED_AT_WIDTH));
  let at = UPDATED_AT_OFFSET + UPDATED_AT_WIDTH;
  if (!startsAt(bytes, at, BEFORE_ID)) return null;
  at += BEFORE_ID.length;
  const id = bytes.toString("latin1", at, at + ID_LENGTH);
  if (!isCanonicalAt(bytes, at)) return null;
  at += ID_LENGTH;
  if (!startsAt(bytes, at, BEFORE_NAME)) return null;
  scanner.position = at + BEFORE_NAME.length;
  const name = scanner.stringHere();
  at = scanner.position;
  if (!startsAt(bytes, at, BEFORE_TYPE)) return null;
  at += BEFORE_TYPE.length;
  const variant = TYPES.find((each) => startsAt(bytes, at, each.name));
  if (!variant) return null;
  at += variant.name.length;
  const sessionType: Record<string, string | number> = { type: variant.type };
  for (const { before, ours, kind } of variant.fields) {
    if (!startsAt(bytes, at, before)) return null;
    at += before.length;
    if (kind === "string") {
      scanner.position = at;
      sessionType[ours] = scanner.stringHere();
      at = scanner.position;
    } else {
      const end = passDigits(bytes, at);
      if (end < 0) return null;
      sessionType[ours] = Number(bytes.toString("latin1", at, end));
      at = end;
    }
  }
  if (!startsAt(bytes, at, BEFORE_CREATED_AT)) return null;
  at += BEFORE_CREATED_AT.length;
  const createdEnd = passDigits(bytes, at);
  if (createdEnd < 0 || !startsAt(bytes, createdEnd, BEFORE_STATUS)) return null;
  const createdAt = Number(bytes.toString("latin1", at, createdEnd));
  at = createdEnd + BEFORE_STATUS.length;
  const status = STATUSES.find(({ text }) => startsAt(bytes, at, text));
  if (!status) return null;
  at += status.text.length;
  if (!startsAt(bytes, at, BEFORE_TAGS)) return null;
  at += BEFORE_TAGS.length;
  const tags: string[] = [];
  if (startsAt(bytes, at, NO_TAGS)) {
    at += NO_TAGS.length;
  } else {
    for (let before = TAGS_OPENING; startsAt(bytes, at, before); before = NEXT_TAG) {
      scanner.position = at + before.length;
      tags.push(scanner.stringHere());
      at = scanner.position;
    }
    if (tags.length === 0 || !startsAt(bytes, at, TAGS_CLOSING)) return null;
    at += TAGS_CLOSING.length;
  }
  if (!startsAt(bytes, at, BEFORE_PARENT)) return null;
  at += BEFORE_PARENT.length;
  let parentSession: string | null = null;
  if (startsAt(bytes, at, NULL)) {
    at += NULL.length;
  } else {
    if (!startsAt(bytes, at, QUOTE) || !isCanonicalAt(bytes, at + 1)) return null;
    parentSession = bytes.toString("latin1", at + 1, at + 1 + ID_LENGTH);
    at += 1 + ID_LENGTH;
    if (!startsAt(bytes, at, QUOTE)) return null;
    at++;
  }
  if (!startsAt(bytes, at, ENDING)) return null;
  return {
    value: Object.freeze({
      id: id as SessionId,
      name,
      sessionType: Object.freeze(sessionType) as unknown as SessionType,
      createdAt,
      updatedAt,
      status: status.status as SessionStatus,
      tags: Object.freeze(tags),
      parentSession: parentSession as SessionId | null,
    }),
    end: at + ENDING.length,
  };
}
