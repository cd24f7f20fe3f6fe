import type { SessionStore } from "@thulp-sessions/core";

/** Longer than a store in use is left alone, and shorter than most clocks that are off are. */
const LONGEST_PAUSE_MS = 5 * 365 * 86_400_000;

/**
 * How far back the times of a store can be believed. Clocks are off by decades where a battery is empty
 * (1970) or a number was mistyped (2099): then what was written yesterday looks old, by its own time or by
 * that of this machine. What is wrong cannot be told, but that something is: no session of the store was
 * changed in the years between.
 *
 * @param now by the clock of this machine.
 * @returns the time of the oldest session that is linked to now by sessions less than five years apart; now
 *   where there is none.
 */
export async function knownSince(store: SessionStore, now: number): Promise<number> {
  for (let since = now; ; ) {
    const filter = { updatedAfter: since - LONGEST_PAUSE_MS, updatedBefore: since };
    const page = await store.list({ filter, orderBy: "updatedAt", direction: "asc", limit: 1 });
    const [oldest] = page.items;
    if (!oldest) return since;
    since = oldest.updatedAt;
  }
}
