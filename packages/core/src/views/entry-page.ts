import { runStepsInTurns } from "../async/steps.ts";
import { Yielder } from "../async/yielder.ts";
import type { SessionId } from "../model/ids.ts";
import type { JsonObject, JsonValue } from "../model/json.ts";
import type { EntryType, StoredEntry } from "../model/model.ts";
import { decodeCursor, encodeCursor } from "../store/cursor.ts";
import { MAX_PAGE_BYTES } from "../store/requests.ts";
import type { EntriesQuery, EntryPage, SessionStore } from "../store/session-store.ts";
import { cutJson } from "./cut-json.ts";
import { jsonBytesSteps } from "./json-bytes.ts";

/** An entry that may have been cut to its beginning. */
export interface ViewedEntry extends StoredEntry {
  /** Long strings are cut, or the end is missing. `bytes`: what the whole entry takes as JSON text. */
  readonly truncated?: { readonly bytes: number };
}

/** One page of entries, some of which may have been cut. */
export interface ViewedEntryPage extends EntryPage {
  readonly items: readonly ViewedEntry[];
}

/** How long a content may be that is not cut, and how long a page. */
interface CutOptions {
  /**
   * Contents that take more as JSON text are cut: long strings to one length, or, where that is not enough,
   * to the beginning. 256 to 1,048,576 bytes; nothing is cut when absent.
   */
  readonly contentBytes?: number | undefined;
  /**
   * A page ends early where it takes more as JSON text, but has one entry at least. 4,096 to 8,388,608
   * bytes, which it is when absent. Not together with `last`: read the last ones with `direction: "desc"`.
   */
  readonly pageBytes?: number | undefined;
}

/** A query of entries, and how they are cut. */
export interface ViewedEntriesQuery extends EntriesQuery, CutOptions {}

/** The longest type of an entry: names of tools, names of events and metrics. */
const MAX_TYPE_BYTES = 4096;

/** Reading on to fill a page stops when the entries as they are stored have taken so much. */
const MAX_READ_BYTES = 4 * MAX_PAGE_BYTES;

/** So many entries are read at a time: those of a page that are not short enough are read in vain. */
const READ_AHEAD = 100;

/** @param query checked. */
export async function viewedEntryPage(
  store: SessionStore,
  id: SessionId,
  { contentBytes, pageBytes, ...query }: ViewedEntriesQuery,
): Promise<ViewedEntryPage> {
  const yielder = new Yielder();
  if (query.last !== undefined) {
    const page = await store.readEntries(id, query);
    const items: ViewedEntry[] = [];
    for (const entry of page.items) items.push((await cutEntry(entry, contentBytes, yielder)).entry);
    return { ...page, items };
  }
  const { cursor, limit = 100, ...identity } = query;
  const cursorOf = ["viewed entries", id, identity];
  const position = cursor === undefined ? null : decodeCursor(cursorOf, cursor, isSeq);
  const items: ViewedEntry[] = [];
  let seq = position?.[0] as number | undefined;
  let [left, unread] = [pageBytes ?? MAX_PAGE_BYTES, MAX_READ_BYTES];
  let epoch: string | undefined;
  const end = (hasMore: boolean): ViewedEntryPage => ({
    items,
    nextCursor: hasMore && seq !== undefined ? encodeCursor(cursorOf, [seq]) : null,
    epoch: epoch ?? "",
  });
  for (;;) {
    const from = seq === undefined ? {} : query.direction === "desc" ? { before: seq } : { after: seq };
    const page = await store.readEntries(id, {
      ...identity,
      ...from,
      limit: Math.min(READ_AHEAD, limit - items.length),
    });
    epoch ??= page.epoch;
    // Entries of two states do not stand on one page.
    if (page.epoch !== epoch) return end(true);
    for (const [i, stored] of page.items.entries()) {
      const { entry, bytes, storedBytes } = await cutEntry(stored, contentBytes, yielder);
      [left, unread] = [left - bytes, unread - storedBytes];
      if (left < 0 && items.length > 0) return end(true);
      items.push(entry);
      seq = entry.seq;
      const hasMore = page.nextCursor !== null || i < page.items.length - 1;
      if (items.length === limit || !hasMore || (unread < 0 && i === page.items.length - 1))
        return end(hasMore);
    }
    if (page.items.length === 0) return end(false);
  }
}

interface Cut {
  readonly entry: ViewedEntry;
  /** Of the entry as it is answered, as JSON text. */
  readonly bytes: number;
  readonly storedBytes: number;
}

async function cutEntry(
  entry: StoredEntry,
  contentBytes: number | undefined,
  yielder: Yielder,
): Promise<Cut> {
  const bytesOf = (value: ViewedEntry) =>
    runStepsInTurns(jsonBytesSteps(value as unknown as JsonValue), yielder);
  const storedBytes = await bytesOf(entry);
  const whole = { entry, bytes: storedBytes, storedBytes };
  if (contentBytes === undefined) return whole;
  const content = cutJson(entry.content, contentBytes);
  const entryType = cutType(entry.entryType);
  if (content === entry.content && entryType === entry.entryType) return whole;
  const cut: ViewedEntry = { ...entry, entryType, content, truncated: { bytes: storedBytes } };
  return { entry: cut, bytes: await bytesOf(cut), storedBytes };
}

/** Its tag and all its fields stay; a text may be cut, and metrics may be missing. */
function cutType(entryType: EntryType): EntryType {
  if (entryType.type !== "evaluation_result")
    return cutJson(entryType as JsonObject, MAX_TYPE_BYTES) as EntryType;
  const metrics = cutJson(entryType.metrics as JsonObject, MAX_TYPE_BYTES) as typeof entryType.metrics;
  return metrics === entryType.metrics ? entryType : { ...entryType, metrics };
}

function isSeq([seq]: readonly unknown[]): boolean {
  return Number.isSafeInteger(seq);
}

/** One entry as a whole. */
export interface FoundEntry {
  /** `null` where the session has none of that `seq`. */
  readonly entry: StoredEntry | null;
  readonly epoch: string;
}

/** @param seq a whole number from 0. */
export async function entryAt(store: SessionStore, id: SessionId, seq: number): Promise<FoundEntry> {
  const { items, epoch } = await store.readEntries(id, { after: seq - 1, before: seq + 1, limit: 1 });
  return { entry: items[0] ?? null, epoch };
}
