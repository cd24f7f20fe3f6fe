import { countEntries, headOf } from "@thulp-sessions/core/store";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, sessionId, T0, userEntry, withSeq } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const ID = sessionId(1);

export const truncateCases: readonly ConformanceCase[] = [
  conformanceCase(
    "truncate-keeps-first",
    ["TRUNCATE-1", "TRUNCATE-4", "HEAD-2"],
    "the first entries stay",
    async (store) => {
      const session = makeSession(1, {
        entries: dialogue(0, 8),
        context: { a: [1] },
        tags: ["t"],
        status: "failed",
      });
      await store.create(session);
      let at = T0;
      for (const count of [7, 4, 3, 1, 0]) {
        const answer = await store.truncate(ID, count, { at: ++at });
        const metadata = { ...session.metadata, updatedAt: at };
        const counts = countEntries(dialogue(0, count));
        deepEqual(answer, headOf(metadata, session.context, counts, answer), `the answer, to ${count}`);
        deepEqual(await store.head(ID), answer, `the head, to ${count}`);
        deepEqual((await store.get(ID)).entries, withSeq(dialogue(0, count)), `the entries, to ${count}`);
        deepEqual((await store.readEntries(ID)).items, withSeq(dialogue(0, count)), `the page, to ${count}`);
      }
    },
  ),

  conformanceCase(
    "truncate-same",
    ["TRUNCATE-2", "VERSION-3"],
    "to as many as there are: nothing",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      await store.create(makeSession(2));
      const head = await store.head(ID);
      await changesNothing(store, "the truncates", async () => {
        deepEqual(await store.truncate(ID, 3, { at: T0 + 9 }), head, "the answer");
        await store.truncate(ID, 3, { at: T0 + 9, expectedVersion: head.version });
        await store.truncate(sessionId(2), 0, { at: T0 + 9 });
      });
    },
  ),

  conformanceCase("truncate-too-many", ["TRUNCATE-3", "CALL-2"], "to more than there are", async (store) => {
    await store.create(makeSession(1, { entries: dialogue(0, 3) }));
    await changesNothing(store, "refused truncates", async () => {
      for (const count of [
        4,
        1000,
        Number.MAX_SAFE_INTEGER,
        -1,
        0.5,
        Number.NaN,
        2 ** 53,
        "1",
        null,
        undefined,
      ])
        await rejects(
          () => store.truncate(ID, count as number, { at: T0 }),
          "invalid_input",
          `to ${String(count)}`,
        );
    });
  }),

  conformanceCase("truncate-append", ["TRUNCATE-5", "HEAD-2"], "truncate, then append", async (store) => {
    await store.create(makeSession(1, { entries: dialogue(0, 6) }));
    await store.truncate(ID, 2, { at: T0 });
    const { entries, entryCount } = await store.append(ID, [userEntry(20), userEntry(21)], { at: T0 });
    deepEqual(
      entries.map(({ seq }) => seq),
      [2, 3],
      "seqs",
    );
    equal(entryCount, 4, "entryCount");
    deepEqual(
      (await store.get(ID)).entries,
      withSeq([...dialogue(0, 2), userEntry(20), userEntry(21)]),
      "the entries",
    );
    await store.truncate(ID, 3, { at: T0 });
    await store.truncate(ID, 0, { at: T0 });
    await store.append(ID, dialogue(0, 2), { at: T0 });
    deepEqual((await store.get(ID)).entries, withSeq(dialogue(0, 2)), "the entries, appended again");
  }),
];
