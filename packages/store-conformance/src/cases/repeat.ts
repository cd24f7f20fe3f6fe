import type { SessionEntry } from "@thulp-sessions/core";
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
import { changesNothing } from "../reading.ts";

// Longer than most files: all cases of one group, with the tables that they share.

const ID = sessionId(1);

export const repeatCases: readonly ConformanceCase[] = [
  conformanceCase(
    "repeat-alone",
    ["APPEND-4", "APPEND-10", "VERSION-3"],
    "the same append again changes nothing",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 2) }));
      const batch = dialogue(2, 4);
      const first = await store.append(ID, batch, { at: T0 + 5 });
      await changesNothing(store, "a repeat", async () => {
        const again = await store.append(ID, batch, { at: T0 + 50 });
        deepEqual(
          again,
          { ...first, entries: first.entries.map((entry) => ({ ...entry, added: false })) },
          "the answer to the repeat",
        );
      });
    },
  ),

  conformanceCase(
    "repeat-of-created",
    ["APPEND-4"],
    "an entry that create or replace stored is repeated too",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      const { entries } = await store.append(ID, [assistantEntry(1)], { at: T0 });
      deepEqual(entries, [{ id: entryId(1), seq: 1, timestamp: T0 + 1, added: false }], "after create");
      await store.replace(makeSession(1, { entries: dialogue(4, 6) }));
      const after = await store.append(ID, [assistantEntry(5)], { at: T0 });
      deepEqual(
        after.entries,
        [{ id: entryId(5), seq: 1, timestamp: T0 + 5, added: false }],
        "after replace",
      );
    },
  ),

  conformanceCase(
    "repeat-mixed",
    ["APPEND-5", "APPEND-4", "APPEND-2"],
    "repeats and new entries in one batch",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      const { entries, entryCount } = await store.append(
        ID,
        [userEntry(10), userEntry(2), userEntry(11), userEntry(0), userEntry(12)],
        { at: T0 + 1 },
      );
      deepEqual(
        entries.map(({ id, seq, added }) => [id, seq, added]),
        [
          [entryId(10), 3, true],
          [entryId(2), 2, false],
          [entryId(11), 4, true],
          [entryId(0), 0, false],
          [entryId(12), 5, true],
        ],
        "the answer",
      );
      equal(entryCount, 6, "entryCount");
      deepEqual(
        (await store.get(ID)).entries,
        withSeq([...dialogue(0, 3), userEntry(10), userEntry(11), userEntry(12)]),
        "the entries",
      );
    },
  ),

  conformanceCase("repeat-within-batch", ["APPEND-6"], "the same entry twice in one batch", async (store) => {
    await store.create(makeSession(1));
    const { entries } = await store.append(ID, [userEntry(1), userEntry(2), userEntry(1), userEntry(1)], {
      at: T0,
    });
    deepEqual(
      entries.map(({ seq, added }) => [seq, added]),
      [
        [0, true],
        [1, true],
        [0, false],
        [0, false],
      ],
      "the answer",
    );
    deepEqual((await store.get(ID)).entries, withSeq([userEntry(1), userEntry(2)]), "the entries");
  }),

  conformanceCase(
    "repeat-other-content",
    ["APPEND-7", "CALL-2"],
    "the same id with other content or type is a conflict",
    async (store) => {
      const tool = makeEntry(1, { type: "tool_call", toolName: "ls", success: true }, { out: ["a", "b"] });
      await store.create(makeSession(1, { entries: [tool] }));
      const others: Record<string, SessionEntry> = {
        "another value": { ...tool, content: { out: ["a", "c"] } },
        "a key more": { ...tool, content: { out: ["a", "b"], more: null } },
        "a key less": { ...tool, content: {} },
        "items the other way round": { ...tool, content: { out: ["b", "a"] } },
        "an array as an object": { ...tool, content: { out: { 0: "a", 1: "b" } } },
        null: { ...tool, content: null },
        "another type": { ...tool, entryType: { type: "user_message" } },
        "another field of the type": {
          ...tool,
          entryType: { type: "tool_call", toolName: "ls", success: false },
        },
      };
      await changesNothing(store, "conflicts", async () => {
        for (const [what, other] of Object.entries(others)) {
          const error = await rejects(() => store.append(ID, [other], { at: T0 + 1 }), "conflict", what);
          equal(error.details.entryId, entryId(1), `details.entryId of ${what}`);
          equal(error.details.sessionId, ID, `details.sessionId of ${what}`);
        }
      });
    },
  ),

  conformanceCase(
    "repeat-conflict-within-batch",
    ["APPEND-7", "APPEND-3"],
    "one id with two contents in one batch is a conflict",
    async (store) => {
      await store.create(makeSession(1));
      await changesNothing(store, "the conflict", () =>
        rejects(
          () => store.append(ID, [userEntry(1, "a"), userEntry(2), userEntry(1, "b")], { at: T0 }),
          "conflict",
          "the batch",
        ),
      );
    },
  ),

  conformanceCase(
    "repeat-timestamp",
    ["APPEND-8"],
    "the timestamp of a repeat is not compared",
    async (store) => {
      await store.create(makeSession(1, { entries: [userEntry(1)] }));
      await changesNothing(store, "the repeat", async () => {
        const { entries } = await store.append(ID, [{ ...userEntry(1), timestamp: T0 + 999 }], {
          at: T0 + 999,
        });
        deepEqual(entries, [{ id: entryId(1), seq: 0, timestamp: T0 + 1, added: false }], "the answer");
      });
    },
  ),

  conformanceCase(
    "repeat-as-json",
    ["APPEND-9"],
    "contents are compared as JSON, the order of keys does not matter",
    async (store) => {
      const metrics = { a: 1, b: -0, c: 1e-7 };
      const type = { type: "evaluation_result", score: 0.1, metrics } as const;
      await store.create(
        makeSession(1, {
          entries: [makeEntry(1, type, { x: { p: 1, q: [0, "é"] }, y: null, "2": 0, "10": 0 })],
        }),
      );
      await changesNothing(store, "the repeat", async () => {
        const { entries } = await store.append(
          ID,
          [
            makeEntry(
              1,
              { metrics: { c: 0.0000001, b: 0, a: 1 }, score: 0.1, type: "evaluation_result" },
              { "10": -0, y: null, "2": 0, x: { q: [-0, "\u00e9"], p: 1 } },
            ),
          ],
          { at: T0 },
        );
        equal(entries[0]?.added, false, "added");
      });
      await rejects(
        () =>
          store.append(
            ID,
            [makeEntry(1, type, { x: { p: 1, q: [0, "e\u0301"] }, y: null, "2": 0, "10": 0 })],
            { at: T0 },
          ),
        "conflict",
        "the same text in another normal form",
      );
    },
  ),

  conformanceCase(
    "repeat-in-spite",
    ["APPEND-10"],
    "a repeat succeeds in spite of a stale version, a limit and the status",
    async (store) => {
      const { version: stale } = await store.create(makeSession(1));
      const limits = { maxEntries: 2, action: "end_session" } as const;
      const batch = dialogue(0, 2);
      const first = await store.append(ID, batch, { at: T0 + 1, expectedVersion: stale, limits });
      equal(first.status, "completed", "the status after the first");
      await changesNothing(store, "the repeats", async () => {
        for (const action of ["end_session", "error", "ignore"] as const) {
          const again = await store.append(ID, batch, {
            at: T0 + 100,
            expectedVersion: stale,
            limits: { maxTurns: 0, maxEntries: 1, maxDurationMs: 0, action },
          });
          deepEqual(
            again.entries,
            first.entries.map((entry) => ({ ...entry, added: false })),
            `the answer with ${action}`,
          );
          equal(again.status, "completed", `the status with ${action}`);
          equal(again.version, first.version, `the version with ${action}`);
        }
      });
    },
  ),

  conformanceCase(
    "repeat-part-is-checked",
    ["APPEND-11", "APPEND-12", "VERSION-6"],
    "with one new entry the version and the limits are looked at",
    async (store) => {
      const { version: stale } = await store.create(makeSession(1));
      const { version } = await store.append(ID, dialogue(0, 2), { at: T0 });
      const mixed = dialogue(0, 3);
      await changesNothing(store, "refused appends", async () => {
        const conflict = await rejects(
          () => store.append(ID, mixed, { at: T0, expectedVersion: stale }),
          "conflict",
          "a stale version",
        );
        equal(conflict.details.currentVersion, version, "details.currentVersion");
        await rejects(
          () => store.append(ID, mixed, { at: T0, limits: { maxEntries: 2, action: "error" } }),
          "limit_exceeded",
          "a full session",
        );
        const ofId = await rejects(
          () =>
            store.append(ID, [userEntry(0, "other"), userEntry(9)], {
              at: T0,
              expectedVersion: stale,
              limits: { maxEntries: 0, action: "error" },
            }),
          "conflict",
          "a conflict of ids with all else wrong too",
        );
        equal(ofId.details.entryId, entryId(0), "details.entryId");
      });
      const taken = await store.append(ID, mixed, { at: T0, expectedVersion: version });
      equal(taken.entryCount, 3, "entryCount with the current version");
    },
  ),

  conformanceCase(
    "repeat-of-duplicates",
    ["APPEND-13", "CREATE-4", "REPLACE-3"],
    "an id that several stored entries have",
    async (store) => {
      const entries = [userEntry(1, "a"), userEntry(1, "b"), userEntry(2)];
      const check = async (what: string) => {
        await changesNothing(store, what, async () => {
          const a = await store.append(ID, [userEntry(1, "a")], { at: T0 });
          const b = await store.append(ID, [userEntry(1, "b")], { at: T0 });
          deepEqual(
            [a, b].map(({ entries: [entry] }) => [entry?.seq, entry?.added]),
            [
              [0, false],
              [1, false],
            ],
            `repeats of either, ${what}`,
          );
          await rejects(
            () => store.append(ID, [userEntry(1, "c")], { at: T0 }),
            "conflict",
            `a third, ${what}`,
          );
        });
      };
      await store.create(makeSession(1, { entries }));
      await check("after create");
      await store.replace(makeSession(1, { entries }));
      await check("after replace");
    },
  ),

  conformanceCase(
    "repeat-after-removal",
    ["APPEND-14", "TRUNCATE-5", "DELETE-3"],
    "what truncate, replace or delete has removed is new again",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 4) }));
      await store.truncate(ID, 1, { at: T0 + 1 });
      const { entries } = await store.append(ID, [userEntry(2), assistantEntry(1, "changed"), userEntry(0)], {
        at: T0 + 2,
      });
      deepEqual(
        entries.map(({ seq, added }) => [seq, added]),
        [
          [1, true],
          [2, true],
          [0, false],
        ],
        "after truncate",
      );
      await store.replace(makeSession(1, { entries: [userEntry(7)] }));
      const replaced = await store.append(ID, [userEntry(0, "new")], { at: T0 + 3 });
      deepEqual(replaced.entries[0], { id: entryId(0), seq: 1, timestamp: T0, added: true }, "after replace");
      await store.delete(ID);
      await store.create(makeSession(1));
      const recreated = await store.append(ID, [userEntry(7, "again")], { at: T0 + 4 });
      deepEqual(
        recreated.entries[0],
        { id: entryId(7), seq: 0, timestamp: T0 + 7, added: true },
        "after delete",
      );
    },
  ),

  conformanceCase("repeat-empty-batch", ["APPEND-15", "VERSION-3"], "an empty batch", async (store) => {
    const { version, epoch } = await store.create(
      makeSession(1, { entries: dialogue(0, 3), status: "failed" }),
    );
    await changesNothing(store, "an empty batch", async () => {
      deepEqual(
        await store.append(ID, [], { at: T0 + 5 }),
        { entries: [], entryCount: 3, status: "failed", updatedAt: T0, version, epoch, limit: null },
        "the answer",
      );
    });
  }),

  conformanceCase(
    "repeat-upper-case",
    ["ID-3", "APPEND-4"],
    "an entry id in upper case is the same id",
    async (store) => {
      const upper = (entry: SessionEntry) => ({ ...entry, id: entry.id.toUpperCase() as SessionEntry["id"] });
      await store.create(makeSession(1, { entries: [upper(userEntry(1))] }));
      const { entries } = await store.append(ID, [userEntry(1), upper(userEntry(2)), userEntry(2)], {
        at: T0,
      });
      deepEqual(
        entries.map(({ id, added }) => [id, added]),
        [
          [entryId(1), false],
          [entryId(2), true],
          [entryId(2), false],
        ],
        "the answer",
      );
      deepEqual((await store.get(ID)).entries, withSeq([userEntry(1), userEntry(2)]), "the entries");
    },
  ),

  conformanceCase(
    "repeat-at-once",
    ["APPEND-18"],
    "the same append sent several times at the same time is stored once",
    async (store) => {
      await store.create(makeSession(1));
      const batch = dialogue(0, 3);
      const answers = await Promise.all(range(0, 16).map(() => store.append(ID, batch, { at: T0 + 1 })));
      equal(
        answers.filter(({ entries }) => entries.every(({ added }) => added)).length,
        1,
        "answers that say added",
      );
      equal(
        answers.filter(({ entries }) => entries.every(({ added }) => !added)).length,
        15,
        "answers that do not",
      );
      deepEqual((await store.get(ID)).entries, withSeq(batch), "the entries");
    },
  ),
];
