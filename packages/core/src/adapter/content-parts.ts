import type { EntryId } from "../model/ids.ts";
import type { JsonValue } from "../model/json.ts";
import type { SessionEntry, StoredEntry } from "../model/model.ts";
import { utf8Length } from "../model/utf8-length.ts";
import { measuredContent, PARTS } from "./content.ts";
import { idFromNames } from "./names.ts";

/** A content that takes more bytes as JSON is stored in parts: an entry takes 16 MiB at most. */
const MAX_WHOLE_BYTES = 8 * 1024 * 1024;
/** In UTF-16 units: each takes three bytes at most in a text that has no control characters, as JSON text. */
const PART_LENGTH = 4 * 1024 * 1024;
const PART_EVENT = "adapter:part";

/** An entry that has no content yet. */
export type EntryEnvelope = Omit<SessionEntry, "content">;

/**
 * The entries that hold a value of any size: one with `encodeContent(value)`, or, where that takes more than
 * 8 MiB as JSON, one with `{"~parts": n}` and n more of `system_event` `adapter:part` with the pieces of its
 * text. They belong into one batch, in this order; {@link ContentJoiner} puts them together again.
 *
 * @throws {TypeError} what `encodeContent` throws.
 */
export function contentEntries(envelope: EntryEnvelope, value: unknown): SessionEntry[] {
  const { content, mostBytes } = measuredContent(value);
  if (mostBytes <= MAX_WHOLE_BYTES) return [{ ...envelope, content }];
  const text = JSON.stringify(content);
  if (utf8Length(text) <= MAX_WHOLE_BYTES) return [{ ...envelope, content }];
  const pieces = [...piecesOf(text)];
  const { id, timestamp } = envelope;
  return [
    { ...envelope, content: { [PARTS]: pieces.length } },
    ...pieces.map((piece, i) => ({
      id: partId(id, i),
      timestamp,
      entryType: { type: "system_event", event: PART_EVENT } as const,
      content: piece,
    })),
  ];
}

/** An entry with its whole content. */
export interface JoinedEntry {
  /** As it is stored; its `content` may be `{"~parts": n}`. */
  readonly entry: StoredEntry;
  /** The whole one, for `decodeContent`. */
  readonly content: JsonValue;
  /** How many entries hold it. */
  readonly entryCount: number;
}

/** Puts together what {@link contentEntries} has split. Give it entries in the order of `seq`. */
export class ContentJoiner {
  /** By the id of the part that is missing. */
  readonly #waiting = new Map<EntryId, { readonly begun: Begun; readonly index: number }>();

  /**
   * @returns the entry itself where it is whole, the one that it completes, or undefined where more has to
   *   come.
   */
  add(entry: StoredEntry): JoinedEntry | undefined {
    const waiting = this.#waiting.get(entry.id);
    if (waiting !== undefined && typeof entry.content === "string") return this.#fill(entry, waiting);
    const count = partsOf(entry.content);
    if (count === undefined) return { entry, content: entry.content, entryCount: 1 };
    const begun: Begun = { entry, pieces: new Array(count).fill(undefined), missing: count };
    for (let index = 0; index < count; index++) this.#waiting.set(partId(entry.id, index), { begun, index });
    return undefined;
  }

  /** Those of which parts have not come: the session was rewound in between. */
  get incomplete(): readonly StoredEntry[] {
    return [...new Set([...this.#waiting.values()].map(({ begun }) => begun.entry))];
  }

  #fill(part: StoredEntry, { begun, index }: { begun: Begun; index: number }): JoinedEntry | undefined {
    this.#waiting.delete(part.id);
    begun.pieces[index] = part.content as string;
    begun.missing--;
    if (begun.missing > 0) return undefined;
    const { entry, pieces } = begun;
    return { entry, content: JSON.parse(pieces.join("")), entryCount: pieces.length + 1 };
  }
}

interface Begun {
  readonly entry: StoredEntry;
  readonly pieces: (string | undefined)[];
  missing: number;
}

/** More parts than any text that JavaScript can hold. */
const MAX_PARTS = 1024;

function partsOf(content: JsonValue): number | undefined {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return undefined;
  const count = (content as Readonly<Record<string, JsonValue>>)[PARTS];
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > MAX_PARTS)
    return undefined;
  return Object.keys(content).length === 1 ? count : undefined;
}

function partId(id: string, index: number): EntryId {
  return idFromNames("part", id, String(index)) as EntryId;
}

function* piecesOf(text: string): Generator<string, void, undefined> {
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + PART_LENGTH);
    // Both halves of a surrogate pair belong into one piece.
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end--;
    yield text.slice(start, end);
    start = end;
  }
}
