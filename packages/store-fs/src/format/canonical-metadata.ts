import { isAscii, isUtf8 } from "node:buffer";
import {
  SESSION_STATUSES,
  type SessionId,
  type SessionMetadata,
  type SessionStatus,
  type SessionType,
} from "@thulp-sessions/core";
import { isCanonicalUuid } from "@thulp-sessions/core/store";
import { SESSION_TYPES } from "../file-text/fields.ts";
import { type FixedHeader, SEPARATOR } from "../file-text/layout.ts";
import { endOfFixed, standsAt } from "./canonical-layout.ts";

/** What stands behind the metadata of our layout. */
const FOLLOWING = Buffer.from('\n  },\n  "context": ');

/**
 * The fields in our order, each on lines of its own; the texts of values that the expressions do not check
 * are captured.
 */
const FIELDS = new RegExp(
  [
    '^"id": "([0-9a-f-]{36})"',
    '"name": ("(?:[^"\\\\\\u0000-\\u001f]|\\\\.)*")',
    '"session_type": (\\{[^]*?\\n {4}\\})',
    '"created_at": (0|[1-9]\\d{0,15})',
    '"status": "([a-z]+)"',
    '"tags": (\\[\\]|\\[[^]*?\\n {4}\\])',
    '"parent_session": (?:null|"([0-9a-f-]{36})")$',
  ].join(",\\n {4}"),
);

/**
 * The metadata at the head of a file of ours, but for `updatedAt`; `null` when the decoder, which accepts
 * everything that the original accepts, has to say. A list reads the heads of thousands of files, most of
 * them in a process that has just begun, where code of our own is slow: one expression and the engine's own
 * parser do nearly all.
 *
 * @param head the first bytes of a file.
 * @param fixed what stands at its beginning.
 * @param sessionId under which the session is served: of another one in the file the decoder has to say, too.
 */
export function readCanonicalMetadata(
  head: Buffer,
  fixed: FixedHeader,
  sessionId: SessionId,
): Omit<SessionMetadata, "updatedAt"> | null {
  const start = endOfFixed(fixed);
  const end = head.indexOf(FOLLOWING, start);
  if (end < 0 || !standsAt(head, start, SEPARATOR)) return null;
  const text = textBetween(head, start + SEPARATOR.length, end);
  if (text === null) return null;
  const found = FIELDS.exec(text);
  // An escaped letter may be half of one.
  if (!found || text.includes("\\u")) return null;
  const [, id, nameText = "", typeText = "", created, status, tagsText = "", parent = null] = found;
  const createdAt = Number(created);
  // A string of its own: a part of the text would keep all of it in memory.
  const name = parse(nameText);
  const sessionType = sessionTypes.of(typeText);
  const tags = tagLists.of(tagsText);
  const isRight =
    id === sessionId &&
    typeof name === "string" &&
    sessionType !== null &&
    tags !== null &&
    Number.isSafeInteger(createdAt) &&
    SESSION_STATUSES.includes(status as SessionStatus) &&
    (parent === null || isCanonicalUuid(parent));
  if (!isRight) return null;
  return {
    id: sessionId,
    name,
    sessionType,
    createdAt,
    status: status as SessionStatus,
    tags,
    parentSession: parent as SessionId | null,
  };
}

/** `null` where it is no UTF-8. */
function textBetween(head: Buffer, start: number, end: number): string | null {
  // Most files hold nothing else at their beginning: then no part of it needs a buffer of its own.
  if (isAscii(head)) return head.toString("latin1", start, end);
  return isUtf8(head.subarray(start, end)) ? head.toString("utf8", start, end) : null;
}

/** What equal texts say is made once: the sessions of a store have few types, and few sets of tags. */
class Interned<T> {
  static readonly #MOST = 256;
  readonly #byText = new Map<string, T>();
  readonly #read: (raw: unknown) => T | null;

  constructor(read: (raw: unknown) => T | null) {
    this.#read = read;
  }

  /** `null` where the engine would not write it so: then a field may stand there twice. */
  of(text: string): T | null {
    const known = this.#byText.get(text);
    if (known) return known;
    const raw = parse(text);
    const value = JSON.stringify(raw, null, 2)?.replaceAll("\n", "\n    ") === text ? this.#read(raw) : null;
    if (value === null) return null;
    if (this.#byText.size === Interned.#MOST) this.#byText.clear();
    this.#byText.set(text, value);
    return value;
  }
}

const sessionTypes = new Interned((raw): SessionType | null => {
  if (typeof raw !== "object" || raw === null) return null;
  const values = raw as Readonly<Record<string, unknown>>;
  const { type } = values;
  const fields = typeof type === "string" && Object.hasOwn(SESSION_TYPES, type) ? SESSION_TYPES[type] : null;
  if (!fields || Object.keys(values).length !== fields.length + 1) return null;
  const sessionType: Record<string, unknown> = { type };
  for (const [name, ours, kind] of fields) {
    const value = values[name];
    if (kind === "string" ? typeof value !== "string" : !isWhole(value)) return null;
    sessionType[ours] = value;
  }
  return Object.freeze(sessionType) as unknown as SessionType;
});

const tagLists = new Interned((raw): readonly string[] | null =>
  Array.isArray(raw) && raw.every((tag) => typeof tag === "string") ? Object.freeze(raw) : null,
);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
