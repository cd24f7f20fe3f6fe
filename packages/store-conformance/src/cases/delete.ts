import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, range, sessionId, T0, userEntry, withSeq } from "../fixtures.ts";
import { listAll } from "../reading.ts";

const ID = sessionId(1);

export const deleteCases: readonly ConformanceCase[] = [
  conformanceCase("delete-answer", ["DELETE-1"], "true when there was one, else false", async (store) => {
    equal(await store.delete(ID), false, "a session that never was");
    equal(await store.delete(ID, { expectedVersion: "1" }), false, "one that never was, with a version");
    await store.create(makeSession(1, { entries: dialogue(0, 3) }));
    equal(await store.delete(ID), true, "one that is there");
    equal(await store.delete(ID), false, "the same again");
    equal(await store.delete(ID, { expectedVersion: "" }), false, "the same again, with a version");
  }),

  conformanceCase("delete-gone", ["DELETE-2", "CALL-5"], "afterwards nothing is found", async (store) => {
    const session = (n: number) =>
      makeSession(n, { entries: dialogue(0, 3), tags: ["t"], name: `name ${n}` });
    await store.create(session(1));
    await store.create(session(2));
    await store.delete(ID);
    for (const call of [
      () => store.get(ID),
      () => store.head(ID),
      () => store.readEntries(ID),
      () => store.append(ID, [userEntry(9)], { at: T0 }),
      () => store.update(ID, {}, { at: T0 }),
      () => store.truncate(ID, 0, { at: T0 }),
      () => store.replace(session(1)),
    ])
      await rejects(call, "not_found", "a call after delete");
    for (const query of [{}, { filter: { tag: "t" } }, { filter: { nameContains: "name" } }])
      deepEqual(
        (await listAll(store, query)).map(({ id }) => id),
        [sessionId(2)],
        `the list with ${JSON.stringify(query)}`,
      );
    equal(await store.count(), 1, "count");
    for (const text of ["question", "name"])
      equal(
        (await store.search({ text, limit: 200 })).items.some(({ sessionId: id }) => id === ID),
        false,
        `a hit for ${text}`,
      );
    deepEqual((await store.get(sessionId(2))).entries, withSeq(dialogue(0, 3)), "the other session");
  }),

  conformanceCase("delete-create-anew", ["DELETE-3"], "the id can be used again", async (store) => {
    await store.create(makeSession(1, { entries: dialogue(0, 5), context: { a: 1 }, tags: ["old"] }));
    await store.delete(ID);
    const { version, epoch } = await store.create(makeSession(1));
    deepEqual(await store.get(ID), { ...makeSession(1), version, epoch }, "the session");
    equal(await store.count({ tag: "old" }), 0, "sessions with the old tag");
    const { entries } = await store.append(ID, [userEntry(1)], { at: T0 });
    deepEqual([entries[0]?.seq, entries[0]?.added], [0, true], "the first append");
  }),

  conformanceCase(
    "delete-at-once",
    ["DELETE-5"],
    "of deletes at the same time one says true",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      const answers = await Promise.all(range(0, 8).map(() => store.delete(ID)));
      equal(answers.filter(Boolean).length, 1, "how many say true");
      equal(await store.count(), 0, "count");
    },
  ),
];
