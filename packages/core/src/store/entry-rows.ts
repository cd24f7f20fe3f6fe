import type { StoredEntry } from "../model/model.ts";
import { type EntriesRequest, type EntryRows, MAX_PAGE_BYTES } from "./requests.ts";

const lengths = new WeakMap<StoredEntry, number>();

/**
 * A page of entries, for a backend that has all of a session in memory.
 *
 * @param entries by `seq`, none of which is changed later.
 * @param epoch of the session now.
 */
export function entryRows(
  entries: readonly StoredEntry[],
  epoch: string,
  { after, before, types, direction, limit }: EntriesRequest,
): EntryRows {
  const from = Math.max(0, after + 1);
  const to = Math.min(entries.length, before);
  const items: StoredEntry[] = [];
  let length = 0;
  for (let i = from; i < to; i++) {
    const entry = entries[direction === "asc" ? i : to - 1 - (i - from)] as StoredEntry;
    if (types && !types.includes(entry.entryType.type)) continue;
    length += lengthOf(entry);
    if (items.length === limit || (length > MAX_PAGE_BYTES && items.length > 0))
      return { items, epoch, hasMore: true };
    items.push(entry);
  }
  return { items, epoch, hasMore: false };
}

/** As JSON. */
function lengthOf(entry: StoredEntry): number {
  const known = lengths.get(entry);
  if (known !== undefined) return known;
  const { length } = JSON.stringify(entry);
  lengths.set(entry, length);
  return length;
}
