import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, sessionId, T0, userEntry } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const ID = sessionId(1);
const LAST = Number.MAX_SAFE_INTEGER;

export const timeCases: readonly ConformanceCase[] = [
  conformanceCase("time-create", ["TIME-1", "TIME-5"], "create keeps its times", async (store) => {
    const times = [
      [T0, T0 + 1],
      [T0 + 1, T0],
      [0, 0],
      [LAST, 0],
      [0, LAST],
      [4_102_444_800_000, 4_102_444_800_000],
    ] as const;
    for (const [n, [createdAt, updatedAt]] of times.entries()) {
      const answer = await store.create(makeSession(n, { createdAt, updatedAt }));
      const { metadata } = await store.get(sessionId(n));
      deepEqual([metadata.createdAt, metadata.updatedAt], [createdAt, updatedAt], "the times");
      deepEqual(answer.metadata, metadata, "the answer");
    }
    deepEqual(
      (await store.list({ orderBy: "updatedAt", direction: "asc" })).items.map(({ updatedAt }) => updatedAt),
      times.map(([, updatedAt]) => updatedAt).sort((a, b) => a - b),
      "updatedAt in the list",
    );
  }),

  conformanceCase(
    "time-append",
    ["TIME-2", "TIME-4", "TIME-5"],
    "append: the later of both",
    async (store) => {
      await store.create(makeSession(1));
      let n = 0;
      for (const [at, expected] of [
        [T0, T0],
        [T0 - 100, T0],
        [T0 + 5, T0 + 5],
        [T0 + 4, T0 + 5],
        [0, T0 + 5],
        [T0 + 6, T0 + 6],
        [LAST, LAST],
        [T0, LAST],
      ] as const) {
        const answer = await store.append(ID, [userEntry(n++)], { at });
        equal(answer.updatedAt, expected, `updatedAt in the answer, at ${at}`);
        const { metadata } = await store.head(ID);
        deepEqual([metadata.createdAt, metadata.updatedAt], [T0, expected], `the times, at ${at}`);
      }
    },
  ),

  conformanceCase("time-update", ["TIME-3", "TIME-4"], "update: at least one more", async (store) => {
    await store.create(makeSession(1));
    for (const [at, expected] of [
      [T0 + 10, T0 + 10],
      [T0 + 10, T0 + 11],
      [0, T0 + 12],
      [T0 + 12, T0 + 13],
      [T0 + 14, T0 + 14],
    ] as const) {
      const { metadata } = await store.update(ID, { name: "same" }, { at });
      deepEqual([metadata.createdAt, metadata.updatedAt], [T0, expected], `the times, at ${at}`);
      deepEqual((await store.get(ID)).metadata, metadata, "the metadata read");
    }
  }),

  conformanceCase(
    "time-truncate",
    ["TIME-3", "TIME-4", "TRUNCATE-2"],
    "truncate: at least one more, or nothing",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 6) }));
      for (const [count, at, expected] of [
        [5, T0 + 10, T0 + 10],
        [5, T0 + 99, T0 + 10],
        [4, T0, T0 + 11],
        [3, T0 + 11, T0 + 12],
        [0, T0 + 20, T0 + 20],
        [0, T0 + 99, T0 + 20],
      ] as const) {
        const { metadata } = await store.truncate(ID, count, { at });
        deepEqual(
          [metadata.createdAt, metadata.updatedAt],
          [T0, expected],
          `the times, to ${count} at ${at}`,
        );
        deepEqual((await store.get(ID)).metadata, metadata, "the metadata read");
      }
    },
  ),

  conformanceCase("time-replace", ["TIME-3", "TIME-4"], "replace: at least one more", async (store) => {
    await store.create(makeSession(1));
    for (const [createdAt, given, expected] of [
      [T0, T0 + 10, T0 + 10],
      [T0 - 7, T0 + 10, T0 + 11],
      [T0 + 7, 0, T0 + 12],
    ] as const) {
      const { metadata } = await store.replace(makeSession(1, { createdAt, updatedAt: given }));
      deepEqual([metadata.createdAt, metadata.updatedAt], [createdAt, expected], `the times, given ${given}`);
      deepEqual((await store.get(ID)).metadata, metadata, "the metadata read");
    }
  }),

  conformanceCase(
    "time-at-once",
    ["TIME-2", "TIME-3", "CALL-4"],
    "updatedAt never goes back, whatever runs at the same time",
    async (store) => {
      await store.create(makeSession(1));
      const answers = await Promise.all(
        [9, 2, 30, 1, 17, 4, 30, 8].map(async (later, n) =>
          n % 2 === 0
            ? (await store.append(ID, [userEntry(n)], { at: T0 + later })).updatedAt
            : (await store.update(ID, { name: `${n}` }, { at: T0 + later })).metadata.updatedAt,
        ),
      );
      const { updatedAt } = (await store.head(ID)).metadata;
      equal(updatedAt, Math.max(...answers), "updatedAt is the greatest of the answers");
      equal(updatedAt >= T0 + 30, true, "updatedAt is at least the latest time given");
    },
  ),

  conformanceCase("time-last", ["TIME-6", "CALL-2"], "no time comes after the last", async (store) => {
    await store.create(makeSession(1, { updatedAt: LAST, entries: dialogue(0, 2) }));
    await changesNothing(store, "refused changes", async () => {
      await rejects(() => store.update(ID, { name: "x" }, { at: T0 }), "unsupported", "update");
      await rejects(() => store.truncate(ID, 1, { at: T0 }), "unsupported", "truncate");
      await rejects(() => store.replace(makeSession(1)), "unsupported", "replace");
    });
    equal((await store.append(ID, [userEntry(5)], { at: T0 })).updatedAt, LAST, "updatedAt after append");
    equal(await store.delete(ID), true, "delete");
  }),
];
