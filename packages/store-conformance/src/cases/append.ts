import type { JsonValue } from "@thulp-sessions/core";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import {
  assistantEntry,
  dialogue,
  entryId,
  makeEntry,
  makeSession,
  range,
  sessionId,
  T0,
  userEntry,
  withSeq,
} from "../fixtures.ts";
import { changesNothing, readAll } from "../reading.ts";

const ID = sessionId(1);

export const appendCases: readonly ConformanceCase[] = [
  conformanceCase("append-order", ["APPEND-1"], "entries are in the order given", async (store) => {
    await store.create(makeSession(1, { entries: dialogue(0, 2) }));
    await store.append(ID, [userEntry(9), assistantEntry(3), userEntry(5)], { at: T0 + 1 });
    await store.append(ID, [assistantEntry(4)], { at: T0 + 2 });
    const expected = withSeq([
      ...dialogue(0, 2),
      userEntry(9),
      assistantEntry(3),
      userEntry(5),
      assistantEntry(4),
    ]);
    deepEqual((await store.get(ID)).entries, expected, "the entries of get");
    deepEqual((await store.readEntries(ID)).items, expected, "the entries of readEntries");
  }),

  conformanceCase(
    "append-answer",
    ["APPEND-2", "LIMIT-1", "VERSION-1"],
    "what append answers",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 2), status: "paused" }));
      const answer = await store.append(ID, [userEntry(2), assistantEntry(3)], { at: T0 + 5 });
      deepEqual(
        answer,
        {
          entries: [
            { id: entryId(2), seq: 2, timestamp: T0 + 2, added: true },
            { id: entryId(3), seq: 3, timestamp: T0 + 3, added: true },
          ],
          entryCount: 4,
          status: "paused",
          updatedAt: T0 + 5,
          version: (await store.head(ID)).version,
          epoch: (await store.head(ID)).epoch,
          limit: null,
        },
        "the answer",
      );
    },
  ),

  conformanceCase("append-leaves-the-rest", ["APPEND-1", "CALL-5"], "all else stays", async (store) => {
    const session = makeSession(1, { context: { a: 1 }, tags: ["t"], parentSession: sessionId(7) });
    await store.create(session);
    await store.create(makeSession(2, { entries: dialogue(0, 2) }));
    const other = await store.get(sessionId(2));
    await store.append(ID, dialogue(0, 3), { at: T0 + 9 });
    const { metadata, context } = await store.get(ID);
    deepEqual(metadata, { ...session.metadata, updatedAt: T0 + 9 }, "the metadata");
    deepEqual(context, session.context, "the context");
    deepEqual(await store.get(sessionId(2)), other, "the other session");
  }),

  conformanceCase(
    "append-batch-invalid",
    ["APPEND-3", "CALL-2"],
    "a batch with one invalid entry is not stored",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 1) }));
      const bad = { ...userEntry(3), content: Number.NaN as JsonValue };
      await changesNothing(store, "a refused batch", () =>
        rejects(
          () => store.append(ID, [assistantEntry(1), userEntry(2), bad, userEntry(4)], { at: T0 + 1 }),
          "invalid_input",
          "the batch",
        ),
      );
    },
  ),

  conformanceCase(
    "append-batch-conflict",
    ["APPEND-3", "APPEND-7", "CALL-2"],
    "a batch with one conflict is not stored",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      await changesNothing(store, "a refused batch", async () => {
        const error = await rejects(
          () => store.append(ID, [userEntry(10), assistantEntry(1, "other"), userEntry(11)], { at: T0 + 1 }),
          "conflict",
          "the batch",
        );
        equal(error.details.entryId, entryId(1), "details.entryId");
      });
      const { entries } = await store.append(ID, [userEntry(10), userEntry(11)], { at: T0 + 2 });
      deepEqual(
        entries.map(({ seq, added }) => [seq, added]),
        [
          [3, true],
          [4, true],
        ],
        "the others, sent again",
      );
    },
  ),

  conformanceCase("append-large-batch", ["APPEND-1", "READ-6"], "a batch of 1000 entries", async (store) => {
    await store.create(makeSession(1));
    const batch = dialogue(0, 1000);
    const { entries, entryCount } = await store.append(ID, batch, { at: T0 });
    equal(entryCount, 1000, "entryCount");
    deepEqual(
      entries.map(({ seq }) => seq),
      range(0, 1000),
      "seqs",
    );
    deepEqual(await readAll(store, ID), withSeq(batch), "the entries");
  }),

  conformanceCase("append-status", ["APPEND-16"], "a status refuses nothing", async (store) => {
    await store.create(makeSession(1));
    let n = 0;
    for (const status of ["completed", "failed", "cancelled", "paused"] as const) {
      await store.update(ID, { status }, { at: T0 });
      const answer = await store.append(ID, [userEntry(n++)], { at: T0 });
      equal(answer.status, status, "the status in the answer");
      equal((await store.head(ID)).metadata.status, status, "the status");
    }
    equal((await store.head(ID)).entryCount, 4, "entryCount");
  }),

  conformanceCase(
    "append-timestamps",
    ["APPEND-19", "TIME-5"],
    "timestamps of entries are kept",
    async (store) => {
      await store.create(makeSession(1));
      const times = [T0, 0, Number.MAX_SAFE_INTEGER, T0 - 1, T0, 1];
      const batch = times.map((time, n) => makeEntry(n, { type: "user_message" }, null, time));
      await store.append(ID, batch, { at: T0 });
      deepEqual((await store.readEntries(ID)).items, withSeq(batch), "the entries");
      equal((await store.head(ID)).metadata.updatedAt, T0, "updatedAt");
    },
  ),

  conformanceCase(
    "append-same-id-elsewhere",
    ["ID-4", "CALL-5"],
    "one entry id in two sessions",
    async (store) => {
      await store.create(makeSession(1, { entries: [userEntry(1, "one")] }));
      await store.create(makeSession(2));
      const { entries } = await store.append(sessionId(2), [userEntry(1, "two")], { at: T0 });
      equal(entries[0]?.added, true, "added");
      deepEqual((await store.get(ID)).entries, withSeq([userEntry(1, "one")]), "the first session");
      deepEqual(
        (await store.get(sessionId(2))).entries,
        withSeq([userEntry(1, "two")]),
        "the second session",
      );
    },
  ),
];
