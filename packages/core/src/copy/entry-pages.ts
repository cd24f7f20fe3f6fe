import { Yielder } from "../async/yielder.ts";
import type { SessionId } from "../model/ids.ts";
import { type JsonValue, jsonEqual } from "../model/json.ts";
import type { Session, SessionEntry, StoredEntry } from "../model/model.ts";
import { type EntriesQuery, type EntryPage, MAX_PAGE, type SessionStore } from "../store/session-store.ts";

/**
 * The size of a page, in characters as JSON; a single entry may be larger. Larger pages make no copy faster.
 */
const PAGE_CHARACTERS = 512 * 1024;
/** Small, since nothing is known of the entries before the first page, and each may have 16 MiB. */
const FIRST_PAGE = 2;
/** How many times as many entries a page may have as the one before. */
const MAX_GROWTH = 16;

/** How many entries to ask for, so that a page holds about {@link PAGE_CHARACTERS} whatever their size. */
class PageSize {
  limit = FIRST_PAGE;

  learn(entries: readonly StoredEntry[]): number {
    const characters = entries.reduce((sum, { content }) => sum + jsonSize(content), 0);
    const fitting = Math.floor((PAGE_CHARACTERS * entries.length) / Math.max(1, characters));
    this.limit = Math.max(1, Math.min(MAX_PAGE, this.limit * MAX_GROWTH, fitting));
    return characters;
  }
}

/** Some entries that follow each other. */
export interface EntryChunk {
  readonly entries: readonly StoredEntry[];
  /** About how many characters the contents take as JSON. */
  readonly characters: number;
}

/**
 * The entries from `start` up to `end` (exclusive), in pages of about 512 KiB whatever the size of the
 * entries, so that a session of any size is read with little memory. Fewer than asked for come when the
 * session is shortened meanwhile.
 *
 * @throws {SessionError} what `readEntries` throws, while iterating.
 */
export async function* entryPages(
  store: SessionStore,
  id: SessionId,
  start: number,
  end: number,
): AsyncGenerator<EntryChunk, void, undefined> {
  const size = new PageSize();
  const yielder = new Yielder();
  for (let next = start; next < end; ) {
    await yielder.yieldIfDue();
    const { items } = await store.readEntries(id, rangeQuery(next, size.limit, end));
    if (items.length === 0) return;
    next += items.length;
    yield { entries: items, characters: size.learn(items) };
  }
}

/**
 * `limit` entries from `start`. With `before`, so that no store reads one more only to see whether there is
 * one.
 */
function rangeQuery(start: number, limit: number, end: number): EntriesQuery {
  return { after: start - 1, before: Math.min(end, start + limit), limit };
}

/**
 * Compares the entries from `start` up to `end` with those that `readOther` gives.
 *
 * @returns the `seq` of those that hold a rounded number, or `null` when the two differ.
 */
export async function compareEntries(
  store: SessionStore,
  id: SessionId,
  start: number,
  end: number,
  readOther: (query: EntriesQuery) => Promise<EntryPage>,
): Promise<number[] | null> {
  const inexact: number[] = [];
  let next = start;
  for await (const { entries } of entryPages(store, id, start, end)) {
    const items: StoredEntry[] = [];
    // A page of large entries may end early, and of another store elsewhere.
    while (items.length < entries.length) {
      const rest = rangeQuery(next + items.length, entries.length - items.length, end);
      const page = await readOther(rest);
      if (page.items.length === 0) return null;
      items.push(...page.items);
    }
    if (!jsonEqual(plain(entries), plain(items))) return null;
    for (const entry of entries) if (entry.inexact) inexact.push(entry.seq);
    next += entries.length;
  }
  return next === end ? inexact : null;
}

/**
 * Are two sessions equal in everything that a caller has written? What the store adds (`version`, `seq`,
 * `inexact`) does not count; the order of keys does not either.
 */
export function sameSession(a: Session, b: Session): boolean {
  return sameHead(a, b) && jsonEqual(plain(a.entries), plain(b.entries));
}

/** The same without the entries. */
export function sameHead(a: Omit<Session, "entries">, b: Omit<Session, "entries">): boolean {
  return (
    jsonEqual(a.metadata as unknown as JsonValue, b.metadata as unknown as JsonValue) &&
    jsonEqual(a.context, b.context)
  );
}

/** Entries as a caller writes them, without what the store adds. */
export function plainEntries(entries: readonly SessionEntry[]): SessionEntry[] {
  return entries.map(({ id, timestamp, entryType, content }) => ({ id, timestamp, entryType, content }));
}

function plain(entries: readonly SessionEntry[]): JsonValue {
  return plainEntries(entries) as unknown as JsonValue;
}

/** About how many characters a value takes as JSON. */
function jsonSize(value: JsonValue): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  let size = 2;
  if (Array.isArray(value)) {
    for (const item of value) size += jsonSize(item) + 1;
  } else {
    const object = value as { readonly [key: string]: JsonValue };
    for (const key of Object.keys(object)) size += key.length + 4 + jsonSize(object[key] as JsonValue);
  }
  return size;
}
