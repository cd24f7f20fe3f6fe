import type { ViewedEntry } from "@thulp-sessions/core";

/**
 * Up to which `seq` the entries that are loaded are still those of the session: the first that is another
 * one, found by halving. Entries are only ever taken away from the end: what is the same is a beginning.
 *
 * @param entryCount of the session now.
 * @param idAt the id of the entry at a `seq` now.
 */
export async function commonLength(
  loaded: readonly ViewedEntry[],
  entryCount: number,
  idAt: (seq: number) => Promise<string | null>,
): Promise<number> {
  const there = loaded.filter(({ seq }) => seq < entryCount);
  let low = 0;
  let high = there.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = there[middle] as ViewedEntry;
    if ((await idAt(entry.seq)) === entry.id) low = middle + 1;
    else high = middle;
  }
  const before = there[low - 1];
  if (low < there.length) return (there[low] as ViewedEntry).seq;
  // All that are left are the same: cut where the session ends, if it ends within them.
  return loaded.length > there.length ? entryCount : before ? before.seq + 1 : 0;
}
