import type { SessionStore } from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type CasePlace, type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeEntry, makeSession, sessionId, T0, userEntry } from "../fixtures.ts";
import { changesNothing, contents, listAll, readAll, searchAll } from "../reading.ts";

const ID = sessionId(1);

const WRITES: Record<string, (store: SessionStore) => Promise<unknown>> = {
  create: (store) => store.create(makeSession(9)),
  "create of one that is there": (store) => store.create(makeSession(1)),
  update: (store) => store.update(ID, { name: "x" }, { at: T0 }),
  "update of nothing": (store) => store.update(ID, {}, { at: T0 }),
  append: (store) => store.append(ID, [userEntry(9)], { at: T0 }),
  "append of a repeat": (store) => store.append(ID, dialogue(0, 1), { at: T0 }),
  "append of nothing": (store) => store.append(ID, [], { at: T0 }),
  "append to none": (store) => store.append(sessionId(404), [userEntry(9)], { at: T0 }),
  truncate: (store) => store.truncate(ID, 0, { at: T0 }),
  "truncate to as many": (store) => store.truncate(ID, 4, { at: T0 }),
  replace: (store) => store.replace(makeSession(1)),
  delete: (store) => store.delete(ID),
  "delete of none": (store) => store.delete(sessionId(404)),
};

/** Sessions as both handles have to show them: forks, tags, a context, entries of several types. */
async function prepare(store: SessionStore): Promise<void> {
  await store.create(
    makeSession(1, { entries: dialogue(0, 4), context: { k: [1] }, tags: ["a", "b"], name: "needle" }),
  );
  await store.create(makeSession(2, { parentSession: ID, status: "completed", tags: ["a"] }));
  await store.append(
    sessionId(2),
    [makeEntry(20, { type: "tool_call", toolName: "t", success: true }, { text: "a needle" })],
    { at: T0 + 7 },
  );
  await store.update(sessionId(2), { name: "second" }, { at: T0 + 9 });
}

/** Everything that can be asked, once each. */
async function answers(store: SessionStore): Promise<unknown> {
  const ids = (await listAll(store, { orderBy: "createdAt", direction: "asc" })).map(({ id }) => id);
  return {
    contents: await contents(store),
    heads: await Promise.all(ids.map((id) => store.head(id))),
    entries: await Promise.all(ids.map((id) => readAll(store, id, { limit: 2 }))),
    last: await Promise.all(ids.map((id) => store.readEntries(id, { last: 1 }))),
    list: await listAll(store, { limit: 1 }),
    listedHeads: (await store.list({ heads: true, filter: { tag: "a" } })).items,
    counts: [await store.count(), await store.count({ status: "completed" })],
    tags: await store.count({}, { by: "tag" }),
    hits: await searchAll(store, { text: "needle", limit: 1 }),
    ranked: await searchAll(store, { text: "question", order: "rank" }),
  };
}

/**
 * A handle that is not writable; `null` where the store has none, and then every handle has to be writable.
 */
async function readOnlyHandle(store: SessionStore, place: CasePlace): Promise<SessionStore | null> {
  equal(store.capabilities.writable, true, "writable of the handle that writes");
  const reader = await place.openReadOnly();
  if (reader) equal(reader.capabilities.writable, false, "writable of the handle that only reads");
  return reader;
}

export const readOnlyCases: readonly ConformanceCase[] = [
  conformanceCase(
    "read-only-refuses",
    ["CAPABILITY-4", "CALL-2"],
    "a handle that is not writable refuses every write",
    async (store, place) => {
      await prepare(store);
      const reader = await readOnlyHandle(store, place);
      if (!reader) return;
      await changesNothing(store, "writes that were refused", async () => {
        for (const [what, call] of Object.entries(WRITES)) {
          const { message } = await rejects(() => call(reader), "unsupported", what);
          ok(message.includes(reader.location), `the refusal of ${what} does not name the place: ${message}`);
        }
        await rejects(() => reader.append("no id", [], { at: T0 }), "invalid_input", "a wrong argument");
      });
      await store.append(ID, [userEntry(9)], { at: T0 });
    },
  ),

  conformanceCase(
    "read-only-reads",
    ["CAPABILITY-5", "CAPABILITY-2"],
    "a handle that is not writable reads all there is",
    async (store, place) => {
      await prepare(store);
      const reader = await readOnlyHandle(store, place);
      if (!reader) return;
      const { persistent, shared } = reader.capabilities;
      if (!persistent && !shared) {
        deepEqual([await contents(reader), await reader.count()], [[], 0], "what it finds");
        deepEqual((await reader.search({ text: "needle" })).items, [], "its hits");
        return;
      }
      deepEqual(await answers(reader), await answers(store), "its answers");
      if (!shared) return;
      const watching = await reader.watch({ id: ID });
      await store.append(ID, [userEntry(9, "another needle")], { at: T0 + 20 });
      deepEqual(await answers(reader), await answers(store), "its answers after a write of the other");
      equal((await watching.next()).done, false, "the end of its watch");
      await watching.return?.();
    },
  ),

  conformanceCase(
    "read-only-at-rest",
    ["CAPABILITY-5", "CAPABILITY-1"],
    "a handle that is not writable reads a place that nobody has open",
    async (store, place) => {
      await prepare(store);
      const before = await answers(store);
      await store.close();
      const reader = await place.openReadOnly();
      if (!reader) return;
      if (!reader.capabilities.persistent) {
        deepEqual(await contents(reader), [], "what it finds");
        return;
      }
      deepEqual(await answers(reader), before, "its answers");
      await rejects(() => reader.get(sessionId(404)), "not_found", "a session that is not there");
      const watching = await reader.watch();
      await watching.return?.();
      await reader.close();
      const again = await place.open();
      deepEqual(await answers(again), before, "the answers of the next handle that writes");
      await again.append(ID, [userEntry(9)], { at: T0 });
    },
  ),
];
