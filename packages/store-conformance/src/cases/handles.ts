import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import {
  assistantEntry,
  dialogue,
  EVERY_ENTRY_TYPE,
  makeEntry,
  makeSession,
  range,
  sessionId,
  T0,
  userEntry,
} from "../fixtures.ts";
import { contents, listAll, searchAll } from "../reading.ts";

const ID = sessionId(1);

export const handleCases: readonly ConformanceCase[] = [
  conformanceCase("handle-reopen", ["CAPABILITY-1"], "close, and open again", async (store, { open }) => {
    const entries = EVERY_ENTRY_TYPE.map((type, n) => makeEntry(n, type, { text: `line ${n} 😀\0`, n }));
    await store.create(makeSession(1, { entries, context: { a: [1, null] }, tags: ["x", "x"], name: "İ" }));
    await store.append(ID, [userEntry(20), assistantEntry(21)], { at: T0 + 5 });
    await store.create(makeSession(2, { entries: dialogue(0, 6), parentSession: ID }));
    await store.update(sessionId(2), { setContext: { k: "v" }, status: "failed" }, { at: T0 });
    await store.truncate(sessionId(2), 3, { at: T0 });
    await store.create(makeSession(3));
    await store.delete(sessionId(3));
    const before = await contents(store);
    const heads = await Promise.all([store.head(ID), store.head(sessionId(2))]);
    const listed = await listAll(store);
    const hits = await searchAll(store, { text: "line" });
    await store.close();

    const again = await open();
    if (!again.capabilities.persistent) {
      deepEqual(await contents(again), [], "what a new open finds");
      equal(await again.count(), 0, "count");
      deepEqual((await again.search({ text: "line" })).items, [], "hits");
      return;
    }
    deepEqual(await contents(again), before, "the contents");
    deepEqual(await Promise.all([again.head(ID), again.head(sessionId(2))]), heads, "the heads");
    deepEqual(await listAll(again), listed, "the list");
    deepEqual(await searchAll(again, { text: "line" }), hits, "the hits");
    await rejects(() => again.get(sessionId(3)), "not_found", "the deleted session");
  }),

  conformanceCase(
    "handle-reopen-go-on",
    ["CAPABILITY-1", "APPEND-4", "VERSION-5"],
    "open again, and continue",
    async (store, { open }) => {
      await store.create(makeSession(1, { entries: dialogue(0, 2) }));
      const { version } = await store.append(ID, [userEntry(2)], {
        at: T0,
        limits: { maxEntries: 9, action: "error" },
      });
      await store.close();
      const again = await open();
      if (!again.capabilities.persistent) {
        await rejects(() => again.append(ID, [userEntry(2)], { at: T0 }), "not_found", "an append");
        await again.create(makeSession(1));
        return;
      }
      const repeat = await again.append(ID, [userEntry(2)], { at: T0, expectedVersion: "stale" });
      deepEqual([repeat.entries[0]?.added, repeat.version], [false, version], "a repeat across the open");
      await rejects(
        () => again.append(ID, [userEntry(2, "other")], { at: T0 }),
        "conflict",
        "another content",
      );
      const next = await again.append(ID, [assistantEntry(3)], { at: T0 + 1, expectedVersion: version });
      deepEqual([next.entries[0]?.seq, next.entryCount], [3, 4], "the next append");
      equal((await again.head(ID)).turnCount, 2, "turnCount");
      await again.close();
      const third = await open();
      equal((await third.get(ID)).entries.length, 4, "entries after one more open");
    },
  ),

  conformanceCase(
    "handle-two",
    ["CAPABILITY-2", "CALL-3"],
    "two handles at the same time",
    async (store, { open }) => {
      const other = await open();
      await store.create(makeSession(1, { entries: dialogue(0, 2), name: "needle" }));
      if (!store.capabilities.shared) {
        await rejects(() => other.get(ID), "not_found", "get by the other");
        equal(await other.count(), 0, "count by the other");
        deepEqual((await other.list()).items, [], "list by the other");
        deepEqual((await other.search({ text: "needle" })).items, [], "hits by the other");
        return;
      }
      const same = async (what: string) => {
        deepEqual(await other.get(ID), await store.get(ID), `get ${what}`);
        deepEqual(await other.head(ID), await store.head(ID), `head ${what}`);
        deepEqual(await other.readEntries(ID), await store.readEntries(ID), `readEntries ${what}`);
        deepEqual(await other.list(), await store.list(), `list ${what}`);
        deepEqual(
          await other.search({ text: "needle" }),
          await store.search({ text: "needle" }),
          `search ${what}`,
        );
      };
      await same("after create");
      for (const [n, [writer, reader]] of [[store, other] as const, [other, store] as const].entries()) {
        const { version } = await reader.head(ID);
        await writer.append(ID, [userEntry(10 + n, "needle")], { at: T0 });
        await same("after an append");
        await rejects(
          () => reader.update(ID, {}, { at: T0, expectedVersion: version }),
          "conflict",
          "a stale version",
        );
        const repeat = await reader.append(ID, [userEntry(10 + n, "needle")], { at: T0 });
        equal(repeat.entries[0]?.added, false, "a repeat by the other");
        await writer.update(ID, { setContext: { [`k${n}`]: n } }, { at: T0 });
        await reader.append(ID, [userEntry(20 + n)], { at: T0 });
        await same("after both have written");
        await writer.truncate(ID, 3, { at: T0 });
        await same("after a truncate");
        await reader.append(ID, [userEntry(30 + n)], { at: T0 });
        await same("after an append on it");
        await writer.replace(makeSession(1, { entries: dialogue(0, 3), name: "needle again" }));
        await same("after a replace");
      }
      await other.delete(ID);
      await rejects(() => store.get(ID), "not_found", "get after a delete by the other");
      await other.close();
      await store.create(makeSession(2));
      equal(await store.count(), 1, "count after the other was closed");
    },
  ),

  conformanceCase(
    "handle-appends-at-once",
    ["CAPABILITY-2", "APPEND-17", "UPDATE-6"],
    "two handles append at the same time",
    async (store, { open }) => {
      const other = await open();
      const handles = store.capabilities.shared ? [store, other] : [store, store];
      await store.create(makeSession(1));
      const answers = await Promise.all(
        range(0, 32).map((n) =>
          (handles[n % 2] ?? store).append(ID, dialogue(n * 2, n * 2 + 2), { at: T0 + n }),
        ),
      );
      await Promise.all(
        range(0, 10).map((n) =>
          (handles[n % 2] ?? store).update(ID, { setContext: { [`k${n}`]: n } }, { at: T0 }),
        ),
      );
      const { entries, context } = await store.get(ID);
      deepEqual(
        entries.map(({ seq }) => seq),
        range(0, 64),
        "seqs",
      );
      deepEqual(
        entries.map(({ id }) => id).sort(),
        dialogue(0, 64).map(({ id }) => id),
        "the entries",
      );
      for (const answer of answers)
        for (const { id, seq, added } of answer.entries)
          deepEqual([entries[seq]?.id, added], [id, true], "an entry, where its answer says");
      deepEqual(context, Object.fromEntries(range(0, 10).map((n) => [`k${n}`, n])), "the context");
      deepEqual(await (handles[1] ?? store).get(ID), await store.get(ID), "the session by the other");
    },
  ),
];
