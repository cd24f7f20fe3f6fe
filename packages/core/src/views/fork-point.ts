import type { SessionId } from "../model/ids.ts";
import type { SessionStore } from "../store/session-store.ts";
import { envelopesOf } from "./envelopes.ts";

interface Counted {
  readonly id: SessionId;
  readonly entryCount: number;
}

/**
 * How many of the first entries two sessions have in common: a fork keeps the ids of what it was given.
 * Found by halving, so that a long session costs few reads: entries that differ must not be followed by equal
 * ones at equal places, as it is where no id is given twice.
 */
export async function forkPoint(store: SessionStore, a: Counted, b: Counted): Promise<number> {
  const isSame = async (seq: number) => {
    const [one, other] = [await idAt(store, a.id, seq), await idAt(store, b.id, seq)];
    return one !== undefined && one === other;
  };
  let [common, end] = [0, Math.min(a.entryCount, b.entryCount)];
  // Most sessions with a parent were not forked: they have not even the first entry in common.
  if (end === 0 || !(await isSame(0))) return 0;
  common = 1;
  while (common < end) {
    const middle = Math.floor((common + end) / 2);
    if (await isSame(middle)) common = middle + 1;
    else end = middle;
  }
  return common;
}

async function idAt(store: SessionStore, id: SessionId, seq: number): Promise<string | undefined> {
  const place = { after: seq - 1, before: seq + 1 };
  const read = envelopesOf(store);
  const { items } = read
    ? await read(id, { ...place, types: null, direction: "asc" })
    : await store.readEntries(id, { ...place, limit: 1 });
  return items[0]?.id;
}
