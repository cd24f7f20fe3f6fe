import type { SessionId } from "../model/ids.ts";
import type { EntryType, EntryTypeName, StoredEntry, Timestamp } from "../model/model.ts";
import { decodeCursor, encodeCursor } from "../store/cursor.ts";
import type { SessionStore } from "../store/session-store.ts";
import { previewText } from "./preview-text.ts";
import { EntryScan, inOneEpoch } from "./scan-entries.ts";

/** What is counted of some entries that follow each other. */
export interface OutlineBucket {
  /** Of the first of them. */
  readonly seq: number;
  readonly timestamp: Timestamp;
  /** How many there are of each type; types that do not occur are missing. */
  readonly counts: Readonly<Partial<Record<EntryTypeName, number>>>;
  /** Tool calls and skill executions without success. */
  readonly failures: number;
  /** Of the last evaluation result among them; absent where there is none. */
  readonly score?: number;
}

/** A map of a session. */
export interface SessionOutline {
  readonly entryCount: number;
  /** How many entries each bucket is about; the last one may have fewer. 0 for a session without entries. */
  readonly width: number;
  /** By `seq`, without a gap. */
  readonly buckets: readonly OutlineBucket[];
  readonly epoch: string;
}

/** @param bucketCount how many buckets there may be. */
export function outlineOf(store: SessionStore, id: SessionId, bucketCount: number): Promise<SessionOutline> {
  return inOneEpoch(id, async () => {
    const { entryCount, epoch } = await store.head(id);
    const width = Math.ceil(entryCount / bucketCount);
    const buckets: Mutable<OutlineBucket>[] = [];
    const scan = new EntryScan(store, id, epoch);
    for await (const { seq, timestamp, entryType } of scan.envelopes({ before: entryCount })) {
      if (seq % width === 0) buckets.push({ seq, timestamp, counts: {}, failures: 0 });
      const bucket = buckets.at(-1);
      if (!bucket) continue;
      bucket.counts[entryType.type] = (bucket.counts[entryType.type] ?? 0) + 1;
      if (isFailure(entryType)) bucket.failures++;
      if (entryType.type === "evaluation_result") bucket.score = entryType.score;
    }
    return { entryCount, width, buckets, epoch };
  });
}

interface Mutable<T extends OutlineBucket> {
  readonly seq: T["seq"];
  readonly timestamp: T["timestamp"];
  readonly counts: Partial<Record<EntryTypeName, number>>;
  failures: number;
  score?: number;
}

/** A tool call or a skill execution without success. */
export function isFailure(entryType: EntryType): boolean {
  return "success" in entryType && !entryType.success;
}

/** A user message, with which a turn begins. */
export interface Turn extends Pick<StoredEntry, "seq" | "id" | "timestamp"> {
  /** The beginning of what it says, in one line; empty where it has no text. */
  readonly text: string;
}

/** Which user messages, and how much of them. */
export interface TurnsQuery {
  /** Of `text`, in UTF-16 units: 1 to 200, 80 when absent. */
  readonly textLength?: number | undefined;
  /** 1 to 5,000, 1,000 when absent. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before, of the same session. */
  readonly cursor?: string | undefined;
}

/** One page of turns. */
export interface TurnPage {
  /** By `seq`. */
  readonly items: readonly Turn[];
  /** The `cursor` of the next page of the same query; `null` on the last page. */
  readonly nextCursor: string | null;
  readonly epoch: string;
}

/** @param query checked. */
export function turnsOf(
  store: SessionStore,
  id: SessionId,
  { textLength = 80, limit = 1000, cursor }: TurnsQuery,
): Promise<TurnPage> {
  const cursorOf = ["turns", id];
  const position =
    cursor === undefined ? null : decodeCursor(cursorOf, cursor, ([seq]) => Number.isSafeInteger(seq));
  const after = (position?.[0] ?? -1) as number;
  return inOneEpoch(id, async () => {
    const { epoch } = await store.head(id);
    const scan = new EntryScan(store, id, epoch);
    const items: Turn[] = [];
    for await (const { seq, id: entryId, timestamp, content } of scan.entries({
      after,
      types: ["user_message"],
    })) {
      const last = items.at(-1);
      if (items.length === limit && last)
        return { items, nextCursor: encodeCursor(cursorOf, [last.seq]), epoch };
      items.push({ seq, id: entryId, timestamp, text: previewText(content, textLength) });
    }
    return { items, nextCursor: null, epoch };
  });
}
