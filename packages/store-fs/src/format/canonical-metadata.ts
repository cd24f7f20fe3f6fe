import { isAscii, isUtf8 } from "node:buffer";
import {
  SESSION_STATUSES,
  type SessionId,
  type SessionMetadata,
  type SessionStatus,
  type SessionType,
} from "@thulp-sessions/core";
import { isCanonicalUuid } from "@thulp-sessions/core/store";
import { PREFIX } from "./canonical-layout.ts";
import { SESSION_TYPES } from "./codec.ts";

/** What stands behind each field, in the order in which we write them: the first is `updated_at`. */
const FOLLOWING = [
  ',\n    "id": "',
  '",\n    "name": ',
  ',\n    "session_type": ',
  ',\n    "created_at": ',
  ',\n    "status": "',
  '",\n    "tags": ',
  ',\n    "parent_session": ',
  '\n  },\n  "context": ',
] as const;
type Fields = [string, string, string, string, string, string, string, string];

/**
 * The metadata at the head of a file of ours, frozen; `null` when the decoder, which accepts everything that the original
 * accepts, has to say. Only what stands field by field where we write it is taken: a list reads the heads of thousands of
 * files, most of them in a process that has just begun.
 *
 * @param head the first bytes of a file.
 * @param sessionId under which the session is served: of another one in the file the decoder has to say, too.
 */
export function readLaidOutMetadata(head: Buffer, sessionId: SessionId): SessionMetadata | null {
  const ascii = isAscii(head);
  const text = head.toString(ascii ? "latin1" : "utf8");
  if (!text.startsWith(PREFIX)) return null;
  const fields: string[] = [];
  let at = PREFIX.length;
  for (const following of FOLLOWING) {
    const end = text.indexOf(following, at);
    if (end < 0) return null;
    fields.push(text.slice(at, end));
    at = end + following.length;
  }
  // What is no UTF-8 has become other characters, none of them shorter.
  if (!ascii && !isUtf8(head.subarray(0, Buffer.byteLength(text.slice(0, at))))) return null;
  const [updatedAt, id, name, sessionType, createdAt, status, tags, parentSession] = fields as Fields;
  const metadata = {
    id: sessionId,
    name: stringOf(name),
    sessionType: sessionTypes.of(sessionType),
    createdAt: wholeOf(createdAt),
    updatedAt: wholeOf(updatedAt),
    status: status as SessionStatus,
    tags: tagLists.of(tags),
    parentSession: parentSession === "null" ? null : stringOf(parentSession),
  };
  const isAsWritten =
    id === sessionId &&
    metadata.name !== null &&
    metadata.sessionType !== null &&
    metadata.createdAt !== null &&
    metadata.updatedAt !== null &&
    SESSION_STATUSES.includes(metadata.status) &&
    metadata.tags !== null &&
    (parentSession === "null" || isUuid(metadata.parentSession));
  return isAsWritten ? Object.freeze(metadata as SessionMetadata) : null;
}

/** What the same text says is made once: the sessions of a store have few types, and few sets of tags. */
class Known<T> {
  static readonly #MOST = 256;
  readonly #byText = new Map<string, T>();
  readonly #read: (text: string) => T | null;

  constructor(read: (text: string) => T | null) {
    this.#read = read;
  }

  of(text: string): T | null {
    const known = this.#byText.get(text);
    if (known) return known;
    const value = this.#read(text);
    if (value !== null) {
      if (this.#byText.size === Known.#MOST) this.#byText.clear();
      this.#byText.set(text, value);
    }
    return value;
  }
}

const sessionTypes = new Known((text): SessionType | null => {
  const raw = parse(text);
  // A field that stands there twice is no field of the original's.
  if (JSON.stringify(raw, null, 2)?.replaceAll("\n", "\n    ") !== text) return null;
  return sessionTypeOf(raw);
});

const tagLists = new Known((text): readonly string[] | null => {
  const raw = parse(text);
  return Array.isArray(raw) && raw.every(isText) ? Object.freeze(raw) : null;
});

function sessionTypeOf(raw: unknown): SessionType | null {
  if (typeof raw !== "object" || raw === null) return null;
  const values = raw as Readonly<Record<string, unknown>>;
  const { type } = values;
  const fields = typeof type === "string" && Object.hasOwn(SESSION_TYPES, type) ? SESSION_TYPES[type] : null;
  if (!fields || Object.keys(values).length !== fields.length + 1) return null;
  const sessionType: Record<string, unknown> = { type };
  for (const [name, ours, kind] of fields) {
    const value = values[name];
    if (kind === "string" ? !isText(value) : !isWhole(value)) return null;
    sessionType[ours] = value;
  }
  return Object.freeze(sessionType) as unknown as SessionType;
}

/** A string of its own: a part of the text would keep all of it in memory. */
function stringOf(text: string): string | null {
  const value = parse(text);
  return isText(value) ? value : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wholeOf(text: string): number | null {
  const value = /^ *(?:0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  return isWhole(value) ? value : null;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed();
}

function isUuid(value: unknown): value is string {
  return typeof value === "string" && isCanonicalUuid(value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
