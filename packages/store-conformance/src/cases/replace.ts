import { countEntries, headOf } from "@thulp-sessions/core/store";
import { deepEqual, equal } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { assistantEntry, dialogue, makeSession, sessionId, T0, userEntry, withSeq } from "../fixtures.ts";
import { listAll } from "../reading.ts";

const ID = sessionId(1);
const OLD = makeSession(1, {
  name: "old",
  entries: dialogue(0, 5),
  context: { old: 1 },
  tags: ["old", "both"],
  parentSession: sessionId(7),
  status: "failed",
});

export const replaceCases: readonly ConformanceCase[] = [
  conformanceCase(
    "replace-everything",
    ["REPLACE-1", "REPLACE-2", "CALL-5"],
    "nothing of the old session stays",
    async (store) => {
      await store.create(OLD);
      await store.create(makeSession(2, { entries: dialogue(0, 2) }));
      const other = await store.get(sessionId(2));
      const given = makeSession(1, {
        name: "new",
        sessionType: { type: "agent", agentName: "n" },
        createdAt: T0 - 50,
        updatedAt: T0 + 50,
        entries: [assistantEntry(3), userEntry(9), userEntry(0, "changed")],
        context: { new: [2] },
        tags: ["both", "new"],
      });
      const answer = await store.replace(given);
      const { metadata, context, entries } = given;
      deepEqual(answer, headOf(metadata, context, countEntries(entries), answer), "the answer");
      deepEqual(await store.head(ID), answer, "the head");
      deepEqual(
        await store.get(ID),
        { ...given, entries: withSeq(given.entries), version: answer.version, epoch: answer.epoch },
        "the session",
      );
      deepEqual((await store.readEntries(ID)).items, withSeq(given.entries), "the page");
      deepEqual(await store.get(sessionId(2)), other, "the other session");
      for (const [filter, count] of [
        [{ tag: "old" }, 0],
        [{ tag: "new" }, 1],
        [{ tag: "both" }, 1],
        [{ status: "failed" }, 0],
        [{ parent: sessionId(7) }, 0],
        [{ nameContains: "old" }, 0],
        [{ nameContains: "new" }, 1],
      ] as const)
        equal((await listAll(store, { filter })).length, count, `sessions with ${JSON.stringify(filter)}`);
    },
  ),

  conformanceCase("replace-duplicates", ["REPLACE-3"], "entries whose ids repeat are kept", async (store) => {
    await store.create(OLD);
    const entries = [userEntry(1, "a"), userEntry(1, "b"), userEntry(1, "a")];
    await store.replace(makeSession(1, { entries }));
    deepEqual((await store.get(ID)).entries, withSeq(entries), "the entries");
    await store.replace(makeSession(1, { entries: [] }));
    deepEqual((await store.get(ID)).entries, [], "no entries");
  }),

  conformanceCase(
    "replace-with-stored",
    ["CREATE-5", "REPLACE-1"],
    "with the session that was read",
    async (store) => {
      await store.create(OLD);
      const stored = await store.get(ID);
      await store.replace(
        { ...stored, context: { more: 1 }, entries: stored.entries.slice(2) },
        { expectedVersion: stored.version },
      );
      const after = await store.get(ID);
      deepEqual(after.entries, withSeq(dialogue(2, 5)), "the entries");
      deepEqual(after.context, { more: 1 }, "the context");
      deepEqual(after.metadata, { ...OLD.metadata, updatedAt: T0 + 1 }, "the metadata");
    },
  ),
];
