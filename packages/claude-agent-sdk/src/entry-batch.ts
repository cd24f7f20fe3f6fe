import {
  type EntryId,
  newUuid,
  type SessionEntry,
  type StoredEntry,
  type Timestamp,
} from "@thulp-sessions/core";
import {
  ContentJoiner,
  contentEntries,
  decodeContent,
  encodeContent,
  jsonEqual,
} from "@thulp-sessions/core/adapter";
import type { ClaudeEntry } from "./sdk-types.ts";
import { entryIdOf, entryTypeOf } from "./stored-contents.ts";

/** The entries of one call of `append`, each of which is stored or left out as a whole. */
export class EntryBatch {
  /** By the id of each stored entry the one of whose content it is a part. */
  readonly #owners = new Map<EntryId, EntryId>();
  readonly #entries: readonly SessionEntry[];
  readonly #left = new Set<EntryId>();

  /**
   * @param ids of those that have no `uuid`, by their place: the same ones when the call is made again.
   * @throws {TypeError} for what is no entry, and for what JSON cannot hold.
   */
  constructor(given: readonly unknown[], ids: Map<number, EntryId>, now: Timestamp) {
    this.#entries = given.flatMap((each, place) => {
      const entry = decodeContent(encodeContent(each));
      if (!isClaudeEntry(entry)) throw new TypeError(`entries[${place}] is no entry: it has no type.`);
      const id = entryIdOf(entry.uuid) ?? ids.get(place) ?? (newUuid() as EntryId);
      ids.set(place, id);
      // The first one of a uuid counts.
      if (this.#owners.has(id)) return [];
      const timestamp = timeOf(entry.timestamp) ?? now;
      const stored = contentEntries({ id, timestamp, entryType: entryTypeOf(entry) }, entry);
      for (const part of stored) this.#owners.set(part.id, id);
      return stored;
    });
  }

  get entries(): readonly SessionEntry[] {
    return this.#entries.filter(({ id }) => !this.#left.has(this.#owners.get(id) ?? id));
  }

  /** Leaves an entry out. @returns false where it is none of these. */
  leaveOut(id: string | undefined): boolean {
    const owner = this.#owners.get(id as EntryId);
    if (owner === undefined || this.#left.has(owner)) return false;
    this.#left.add(owner);
    return true;
  }
}

/** The transcript's own entries among those of a session, each time fresh ones. */
export function claudeEntriesIn(entries: readonly StoredEntry[]): ClaudeEntry[] {
  const joiner = new ContentJoiner();
  return entries.flatMap((stored) => {
    const joined = joiner.add(stored);
    const entry = joined && decodeContent(joined.content);
    // What other programs have written has another shape, or another type.
    return isClaudeEntry(entry) && jsonEqual(entryTypeOf(entry), joined?.entry.entryType ?? null)
      ? [entry]
      : [];
  });
}

function isClaudeEntry(value: unknown): value is ClaudeEntry {
  return typeof value === "object" && value !== null && typeof (value as ClaudeEntry).type === "string";
}

function timeOf(timestamp: unknown): Timestamp | undefined {
  const time = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  return Number.isFinite(time) && time >= 0 ? time : undefined;
}
