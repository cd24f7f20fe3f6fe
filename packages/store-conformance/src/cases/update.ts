import { SESSION_STATUSES, type SessionChange } from "@thulp-sessions/core";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, range, sessionId, T0, withSeq } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const ID = sessionId(1);
const FULL = makeSession(1, {
  entries: dialogue(0, 3),
  context: { keep: 1, drop: [2] },
  tags: ["a", "b"],
  parentSession: sessionId(8),
});

export const updateCases: readonly ConformanceCase[] = [
  conformanceCase(
    "update-each-field",
    ["UPDATE-1", "UPDATE-2"],
    "what is named changes, all else stays",
    async (store) => {
      await store.create(FULL);
      const changes: SessionChange[] = [
        { name: "renamed" },
        { sessionType: { type: "evaluation", skillName: "s", testCases: 3 } },
        { status: "failed" },
        { tags: ["z", "z"] },
        { tags: [] },
        { parentSession: null },
        { parentSession: sessionId(9) },
        { name: "both", status: "active" },
      ];
      let { metadata } = FULL;
      let at = T0;
      for (const change of changes) {
        const answer = await store.update(ID, change, { at: ++at });
        metadata = { ...metadata, ...(change as typeof metadata), updatedAt: at };
        deepEqual(answer.metadata, metadata, `the answer to ${JSON.stringify(change)}`);
        deepEqual(await store.head(ID), answer, `the head after ${JSON.stringify(change)}`);
        const stored = await store.get(ID);
        deepEqual(
          stored,
          {
            metadata,
            context: FULL.context,
            entries: withSeq(FULL.entries),
            version: answer.version,
            epoch: answer.epoch,
          },
          `the session after ${JSON.stringify(change)}`,
        );
      }
    },
  ),

  conformanceCase("update-status", ["UPDATE-7"], "any status may follow any other", async (store) => {
    await store.create(makeSession(1));
    for (const from of SESSION_STATUSES) {
      for (const to of SESSION_STATUSES) {
        await store.update(ID, { status: from }, { at: T0 });
        const { metadata } = await store.update(ID, { status: to }, { at: T0 });
        equal(metadata.status, to, `${to} after ${from}`);
      }
    }
  }),

  conformanceCase("update-context", ["UPDATE-3"], "a whole context is replaced", async (store) => {
    await store.create(FULL);
    for (const context of [{ other: { deep: [1] } }, {}, { keep: null }]) {
      const answer = await store.update(ID, { context }, { at: T0 + 1 });
      deepEqual(answer.context, context, "the context in the answer");
      deepEqual((await store.get(ID)).context, context, "the context");
    }
  }),

  conformanceCase("update-context-keys", ["UPDATE-4"], "single keys are set and removed", async (store) => {
    await store.create(FULL);
    const context = async (change: SessionChange) => (await store.update(ID, change, { at: T0 })).context;
    deepEqual(await context({ setContext: { new: 1 } }), { keep: 1, drop: [2], new: 1 }, "a new key");
    deepEqual(
      await context({ setContext: { keep: { a: 1 } } }),
      { keep: { a: 1 }, drop: [2], new: 1 },
      "another value",
    );
    deepEqual(
      await context({ removeContext: ["drop", "missing"] }),
      { keep: { a: 1 }, new: 1 },
      "removed keys",
    );
    deepEqual(
      await context({ setContext: { new: 2, more: null }, removeContext: ["new", "keep"] }),
      { new: 2, more: null },
      "both together",
    );
    deepEqual(await context({ setContext: {}, removeContext: [] }), { new: 2, more: null }, "nothing");
    deepEqual((await store.get(ID)).context, { new: 2, more: null }, "the context");
    deepEqual((await store.get(ID)).entries, withSeq(FULL.entries), "the entries");
  }),

  conformanceCase(
    "update-context-both",
    ["UPDATE-5", "CALL-2"],
    "a whole context and single keys do not go together",
    async (store) => {
      await store.create(FULL);
      await changesNothing(store, "refused updates", async () => {
        for (const change of [
          { context: {}, setContext: { a: 1 } },
          { context: {}, removeContext: ["keep"] },
          { context: {}, setContext: {}, removeContext: [] },
        ])
          await rejects(() => store.update(ID, change, { at: T0 }), "invalid_input", JSON.stringify(change));
      });
    },
  ),

  conformanceCase(
    "update-context-at-once",
    ["UPDATE-6", "CALL-4"],
    "keys set at the same time are all set",
    async (store) => {
      await store.create(makeSession(1, { context: { old: 0, gone: 0 } }));
      await Promise.all([
        ...range(0, 24).map((n) => store.update(ID, { setContext: { [`key ${n}`]: n } }, { at: T0 + n })),
        store.update(ID, { removeContext: ["gone"] }, { at: T0 }),
        store.update(ID, { name: "renamed" }, { at: T0 }),
        store.append(ID, dialogue(0, 1), { at: T0 }),
      ]);
      const stored = await store.get(ID);
      deepEqual(
        stored.context,
        Object.fromEntries([["old", 0], ...range(0, 24).map((n) => [`key ${n}`, n])]),
        "the context",
      );
      equal(stored.metadata.name, "renamed", "the name");
      equal(stored.entries.length, 1, "the entries");
    },
  ),

  conformanceCase(
    "update-nothing",
    ["UPDATE-8", "VERSION-2", "TIME-3"],
    "an update that names nothing is a change",
    async (store) => {
      const { version } = await store.create(FULL);
      const head = await store.update(ID, {}, { at: T0 - 5 });
      deepEqual(head.metadata, { ...FULL.metadata, updatedAt: T0 + 1 }, "the metadata");
      deepEqual(head.context, FULL.context, "the context");
      equal(head.version === version, false, "the version is the old one");
    },
  ),
];
