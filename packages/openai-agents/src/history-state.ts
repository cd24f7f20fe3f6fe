import type { AgentInputItem } from "@openai/agents-core";
import type { JsonValue, SessionEntry, StoredEntry } from "@thulp-sessions/core";
import { ContentJoiner, decodeContent, encodeContent, jsonEqual } from "@thulp-sessions/core/adapter";
import { itemType } from "./stored-contents.ts";

/** An item and the entries that hold it: those from `start` on, up to `end`. */
export interface StoredItem {
  readonly item: AgentInputItem;
  readonly start: number;
  readonly end: number;
}

/** How to get from one state to another: the entries from `keep` on make way for the batch. */
export interface RewritePlan {
  readonly keep: number;
  readonly batch: readonly SessionEntry[];
}

/** The items among these entries, each time fresh ones. What other programs have written is none of them. */
export function itemsIn(entries: readonly StoredEntry[]): StoredItem[] {
  const joiner = new ContentJoiner();
  return entries.flatMap((entry, i) => {
    const joined = joiner.add(entry);
    const item = joined && itemOf(joined.entry, joined.content);
    return item ? [{ item, start: i + 1 - joined.entryCount, end: i + 1 }] : [];
  });
}

/**
 * What makes these the items of the history. The first and the last ones that stay the same keep their
 * entries, and so does what other programs have written.
 *
 * @param entriesFor new entries for these items.
 * @returns undefined where they are.
 */
export function planRewrite(
  entries: readonly StoredEntry[],
  wanted: readonly AgentInputItem[],
  entriesFor: (items: readonly AgentInputItem[]) => readonly SessionEntry[],
): RewritePlan | undefined {
  const stored = itemsIn(entries);
  const shorter = Math.min(stored.length, wanted.length);
  let first = 0;
  while (first < shorter && sameItem(stored[first]?.item, wanted[first])) first++;
  let last = 0;
  while (last < shorter - first && sameItem(stored.at(-1 - last)?.item, wanted.at(-1 - last))) last++;
  const replaced = stored.slice(first, stored.length - last);
  const fresh = entriesFor(wanted.slice(first, wanted.length - last));
  if (replaced.length === 0 && fresh.length === 0) return undefined;
  const keep = stored[first]?.start ?? entries.length;
  const place = last > 0 ? (stored.at(-last)?.start ?? keep) : entries.length;
  const stays = (entry: StoredEntry) =>
    !replaced.some(({ start, end }) => entry.seq >= start && entry.seq < end);
  const staying = (from: number, to?: number) =>
    entries
      .slice(from, to)
      .filter(stays)
      .map(({ seq: _, ...entry }) => entry);
  return { keep, batch: [...staying(keep, place), ...fresh, ...staying(place)] };
}

/** Equal as far as both are stored. */
export function sameItem(a: unknown, b: unknown): boolean {
  return jsonEqual(encodeContent(a), encodeContent(b));
}

function itemOf(entry: StoredEntry, content: JsonValue): AgentInputItem | undefined {
  const item = decodeContent(content);
  if (typeof item !== "object" || item === null || Array.isArray(item)) return undefined;
  return jsonEqual(itemType(item), entry.entryType) ? (item as AgentInputItem) : undefined;
}
