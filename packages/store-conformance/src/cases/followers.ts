import {
  type SessionEntry,
  SessionManager,
  type SessionStore,
  type StoredEntry,
  type SubscriptionEvent,
} from "@thulp-sessions/core";
import { deepEqual, equal, fail } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, range, sessionId, T0, userEntry } from "../fixtures.ts";

const ID = sessionId(1);
/** The last entry of all: who has it has everything. */
const END = userEntry(900, "the end");

/** What a follower has been told by the time it is told of the end. */
async function followToTheEnd(store: SessionStore): Promise<StoredEntry[]> {
  return copyOf(new SessionManager(store).subscribe(ID));
}

async function copyOf(events: AsyncIterable<SubscriptionEvent>): Promise<StoredEntry[]> {
  const copy: StoredEntry[] = [];
  for await (const event of events) {
    if (event.type === "deleted") fail("a follower is told of a deletion that was none");
    if (event.type === "rewound") copy.length = event.entryCount;
    else copy.push(event.entry);
    if (copy.at(-1)?.id === END.id) break;
  }
  return copy;
}

async function storedEntries(store: SessionStore): Promise<readonly StoredEntry[]> {
  return (await store.get(ID)).entries;
}

function plain({ seq: _, ...entry }: StoredEntry): SessionEntry {
  return entry;
}

export const followerCases: readonly ConformanceCase[] = [
  conformanceCase(
    "follow-from-any-moment",
    ["WATCH-1", "WATCH-3", "WATCH-5", "READ-1"],
    "followers that join before, during and after the writing have the same in the end",
    async (store, { open }) => {
      const other = store.capabilities.shared ? await open() : store;
      await store.create(makeSession(1));
      const copies = [followToTheEnd(store), followToTheEnd(other)];
      for (const n of range(0, 12)) {
        await store.append(ID, dialogue(4 * n, 4 * n + 4), { at: T0 + n });
        if (n === 5) await store.truncate(ID, 10, { at: T0 + n });
        // One after the other joins, none of which waits for those before it.
        if (n % 3 === 0) copies.push(followToTheEnd(n % 2 === 0 ? store : other));
      }
      await store.append(ID, [END], { at: T0 + 20 });
      copies.push(followToTheEnd(store), followToTheEnd(other));
      const stored = await storedEntries(store);
      for (const [i, copy] of (await Promise.all(copies)).entries())
        deepEqual(copy, stored, `what follower ${i} has in the end`);
    },
  ),

  conformanceCase(
    "follow-writer-goes-on",
    ["WATCH-6", "WATCH-7"],
    "a follower that leaves keeps no writer and no other follower from going on",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 4) }));
      const leaving = new AbortController();
      const left = await store.watch({ id: ID, signal: leaving.signal });
      const returned = await store.watch({ id: ID });
      const staying = new SessionManager(store).subscribe(ID);
      // From now on it follows.
      await staying.next();
      leaving.abort();
      await returned.return?.();
      for (const n of range(4, 8)) await store.append(ID, [userEntry(n)], { at: T0 });
      await store.append(ID, [END], { at: T0 });
      const rest = (await storedEntries(store)).slice(1);
      deepEqual(await copyOf(staying), rest, "what the follower that has stayed is told");
      equal((await left.next()).done, true, "the one that was ended is told nothing more");
      equal((await returned.next()).done, true, "nor the one that has returned");
    },
  ),

  conformanceCase(
    "handle-interleaved-replays",
    ["CAPABILITY-2", "APPEND-4", "APPEND-18"],
    "two handles that replay the same batches, one behind the other",
    async (store, { open }) => {
      const other = store.capabilities.shared ? await open() : store;
      await store.create(makeSession(1));
      const batches = range(0, 12).map((n) => dialogue(3 * n, 3 * n + 1 + (n % 3)));
      const added: boolean[][] = [];
      const send = async (handle: SessionStore, n: number) => {
        const batch = batches[n];
        if (!batch) return;
        const { entries } = await handle.append(ID, batch, { at: T0 + n });
        added.push(entries.map((entry) => entry.added));
      };
      // The second is two batches behind, then they change places, then both send all of them at once.
      for (const n of range(0, 8)) {
        await send(store, n);
        await send(other, n - 2);
      }
      for (const n of range(8, 12)) {
        await send(other, n);
        await send(store, n - 3);
      }
      await Promise.all(batches.flatMap((_, n) => [send(store, n), send(other, n)]));
      deepEqual((await storedEntries(store)).map(plain), batches.flat(), "the entries");
      deepEqual(await storedEntries(other), await storedEntries(store), "the entries of the other");
      equal(added.flat().filter(Boolean).length, batches.flat().length, "how many answers said `added`");
      equal(
        added.every((each) => new Set(each).size === 1),
        true,
        "each batch as a whole",
      );
    },
  ),

  conformanceCase(
    "fork-tree",
    ["CREATE-8", "DELETE-4", "FILTER-7", "APPEND-17"],
    "a tree of forks: each goes its own way, and stays when what it comes from is changed or gone",
    async (store) => {
      const manager = new SessionManager(store, { clock: () => T0 });
      await store.create(makeSession(1, { entries: dialogue(0, 6), context: { depth: 0 }, tags: ["t"] }));
      const texts = async (id: string) => (await store.get(id)).entries.map(plain);
      const fork = async (from: number, to: number, entryCount: number) =>
        manager.forkSession(sessionId(from), { id: sessionId(to), entryCount });
      // Two at the same point, one at the root, one of a fork.
      await fork(1, 2, 4);
      await fork(1, 3, 4);
      await fork(1, 4, 0);
      await store.append(sessionId(2), [userEntry(20)], { at: T0 });
      await fork(2, 5, 5);
      // The same entry id in two branches is two entries.
      await store.append(sessionId(3), [userEntry(20, "of another branch")], { at: T0 });
      const expected = new Map([
        [1, dialogue(0, 6)],
        [2, [...dialogue(0, 4), userEntry(20)]],
        [3, [...dialogue(0, 4), userEntry(20, "of another branch")]],
        [4, []],
        [5, [...dialogue(0, 4), userEntry(20)]],
      ]);
      const check = async (what: string, gone: readonly number[] = []) => {
        for (const [n, entries] of expected)
          if (!gone.includes(n)) deepEqual(await texts(sessionId(n)), entries, `session ${n} ${what}`);
      };
      await check("after the forks");
      const children = async (n: number) =>
        (await store.list({ filter: { parent: sessionId(n) }, orderBy: "createdAt" })).items
          .map(({ id }) => id)
          .sort();
      deepEqual(await children(1), [2, 3, 4].map(sessionId), "the forks of the root");
      deepEqual(await children(2), [sessionId(5)], "the fork of a fork");
      await store.truncate(ID, 1, { at: T0 });
      await store.update(sessionId(2), { setContext: { depth: 9 }, tags: [] }, { at: T0 });
      expected.set(1, dialogue(0, 1));
      await check("after changes of others");
      deepEqual((await store.head(sessionId(5))).context, { depth: 0 }, "the context of a fork");
      await store.delete(ID);
      await store.delete(sessionId(2));
      await check("after its parents are gone", [1, 2]);
      equal((await store.head(sessionId(5))).metadata.parentSession, sessionId(2), "the parent that is gone");
    },
  ),
];
