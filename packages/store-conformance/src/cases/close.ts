import type { SessionStore } from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, range, sessionId, T0, userEntry } from "../fixtures.ts";

const ID = sessionId(1);

const CALLS: Record<string, (store: SessionStore) => Promise<unknown>> = {
  create: (store) => store.create(makeSession(2)),
  get: (store) => store.get(ID),
  head: (store) => store.head(ID),
  update: (store) => store.update(ID, { name: "x" }, { at: T0 }),
  append: (store) => store.append(ID, [userEntry(9)], { at: T0 }),
  "append of a repeat": (store) => store.append(ID, dialogue(0, 1), { at: T0 }),
  readEntries: (store) => store.readEntries(ID),
  truncate: (store) => store.truncate(ID, 0, { at: T0 }),
  replace: (store) => store.replace(makeSession(1)),
  delete: (store) => store.delete(ID),
  "delete of none": (store) => store.delete(sessionId(404)),
  list: (store) => store.list(),
  count: (store) => store.count(),
  search: (store) => store.search({ text: "question" }),
  "search of nothing": (store) => store.search({ text: "" }),
  watch: (store) => store.watch(),
};

async function checkClosed(store: SessionStore): Promise<void> {
  for (const [what, call] of Object.entries(CALLS)) await rejects(() => call(store), "closed", what);
}

export const closeCases: readonly ConformanceCase[] = [
  conformanceCase(
    "close-refuses",
    ["CLOSE-1", "CALL-1"],
    "after close every method is refused",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 2) }));
      await store.close();
      await checkClosed(store);
      ok(store.location !== "" && store.capabilities, "location and capabilities are still there");
    },
  ),

  conformanceCase("close-at-once", ["CLOSE-1"], "refused as soon as close was called", async (store) => {
    await store.create(makeSession(1, { entries: dialogue(0, 2) }));
    const closing = store.close();
    await checkClosed(store);
    await closing;
  }),

  conformanceCase("close-twice", ["CLOSE-2"], "close may be called again", async (store) => {
    await store.create(makeSession(1));
    await Promise.all([store.close(), store.close()]);
    await store.close();
    await checkClosed(store);
  }),

  conformanceCase("close-dispose", ["CLOSE-2"], "asyncDispose closes", async (store, { open }) => {
    const other = await open();
    await other[Symbol.asyncDispose]();
    await checkClosed(other);
    await other.close();
    await other[Symbol.asyncDispose]();
    await store.create(makeSession(1));
    equal(await store.count(), 1, "another handle still works");
  }),

  conformanceCase("close-under-way", ["CLOSE-3"], "calls under way are finished", async (store, { open }) => {
    await store.create(makeSession(1));
    const calls = Promise.allSettled([
      ...range(0, 10).map((n) => store.append(ID, [userEntry(n)], { at: T0 })),
      store.create(makeSession(2)),
      store.update(ID, { name: "last words" }, { at: T0 }),
      store.get(ID),
    ]);
    await store.close();
    const results = await calls;
    deepEqual(
      results.filter(({ status }) => status === "rejected"),
      [],
      "calls under way that were refused",
    );
    if (store.capabilities.persistent) {
      const again = await open();
      const { metadata, entries } = await again.get(ID);
      equal(metadata.name, "last words", "the name");
      equal(entries.length, 10, "the entries");
      equal(await again.count(), 2, "count");
    }
  }),
];
