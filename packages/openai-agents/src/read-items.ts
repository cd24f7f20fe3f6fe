import type { AgentInputItem } from "@openai/agents-core";
import {
  isSessionError,
  MAX_PAGE,
  SessionError,
  type SessionStore,
  type StoredEntry,
} from "@thulp-sessions/core";
import { itemsIn } from "./history-state.ts";

/** Another process may drop items between two pages that are read, but hardly so often. */
const MAX_ROUNDS = 100;

/** The latest items, all without a limit, the oldest of them first; `[]` where there is no such session. */
export async function readItems(store: SessionStore, id: string, limit?: number): Promise<AgentInputItem[]> {
  const count = limit ?? Number.POSITIVE_INFINITY;
  if (!(count > 0)) return [];
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    try {
      const entries = await readBackwards(store, id, count);
      if (entries) {
        const items = itemsIn(entries).map(({ item }) => item);
        return items.slice(Math.max(0, items.length - count));
      }
    } catch (error) {
      if (isSessionError(error, "not_found")) return [];
      throw error;
    }
  }
  const message = "Others have rewritten the session in each of many attempts to read it: try again.";
  throw new SessionError("conflict", message, { details: { sessionId: id } });
}

/** @returns undefined when something was dropped meanwhile. */
async function readBackwards(
  store: SessionStore,
  id: string,
  count: number,
): Promise<readonly StoredEntry[] | undefined> {
  const pages: (readonly StoredEntry[])[] = [];
  let before: number | undefined;
  let epoch: string | undefined;
  for (;;) {
    const limit = Math.min(Math.ceil(count), MAX_PAGE);
    const range = before === undefined ? {} : { before };
    const page = await store.readEntries(id, { ...range, direction: "desc", limit });
    epoch ??= page.epoch;
    if (page.epoch !== epoch) return undefined;
    pages.push(page.items);
    before = page.items.at(-1)?.seq ?? 0;
    // An item may have taken several entries, and others may stand between.
    const entries = before === 0 || count < Number.POSITIVE_INFINITY ? pages.flat().reverse() : [];
    if (before === 0 || (entries.length > 0 && itemsIn(entries).length >= count)) return entries;
  }
}
