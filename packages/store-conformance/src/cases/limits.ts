import type { AppendResult, LimitReached, SessionEntry, SessionLimits } from "@thulp-sessions/core";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import {
  assistantEntry,
  dialogue,
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
const ACTIONS = ["error", "end_session", "ignore"] as const;

interface Situation {
  readonly name: string;
  /** Entries that are there. */
  readonly before: number;
  /** Entries of the batch, the continuation of a dialogue. */
  readonly batch: number;
  readonly limits: Omit<SessionLimits, "action">;
  /** Milliseconds from the creation of the session. */
  readonly after?: number;
  /** The limit that is met when the batch comes, and the one after it. */
  readonly atStart: LimitReached | null;
  readonly atEnd: LimitReached | null;
}

const reached = (kind: LimitReached["kind"], current: number, max: number): LimitReached => ({
  kind,
  current,
  max,
  exceeded: current > max,
});

// Two entries of a dialogue are one turn.
const SITUATIONS: readonly Situation[] = [
  { name: "no bound at all", before: 2, batch: 2, limits: {}, atStart: null, atEnd: null },
  {
    name: "below all of them",
    before: 2,
    batch: 2,
    limits: { maxTurns: 3, maxEntries: 5, maxDurationMs: 10 },
    after: 9,
    atStart: null,
    atEnd: null,
  },
  {
    name: "entries: one stays free",
    before: 2,
    batch: 2,
    limits: { maxEntries: 5 },
    atStart: null,
    atEnd: null,
  },
  {
    name: "entries: just full",
    before: 2,
    batch: 2,
    limits: { maxEntries: 4 },
    atStart: null,
    atEnd: reached("entries", 4, 4),
  },
  {
    name: "entries: one too many",
    before: 2,
    batch: 2,
    limits: { maxEntries: 3 },
    atStart: null,
    atEnd: reached("entries", 4, 3),
  },
  {
    name: "entries: full before",
    before: 2,
    batch: 1,
    limits: { maxEntries: 2 },
    atStart: reached("entries", 2, 2),
    atEnd: reached("entries", 3, 2),
  },
  {
    name: "entries: over before",
    before: 4,
    batch: 1,
    limits: { maxEntries: 2 },
    atStart: reached("entries", 4, 2),
    atEnd: reached("entries", 5, 2),
  },
  {
    name: "entries: none allowed",
    before: 0,
    batch: 1,
    limits: { maxEntries: 0 },
    atStart: reached("entries", 0, 0),
    atEnd: reached("entries", 1, 0),
  },
  {
    name: "turns: a question makes none",
    before: 2,
    batch: 1,
    limits: { maxTurns: 2 },
    atStart: null,
    atEnd: null,
  },
  {
    name: "turns: just reached",
    before: 2,
    batch: 2,
    limits: { maxTurns: 2 },
    atStart: null,
    atEnd: reached("turns", 2, 2),
  },
  {
    name: "turns: exceeded",
    before: 2,
    batch: 4,
    limits: { maxTurns: 2 },
    atStart: null,
    atEnd: reached("turns", 3, 2),
  },
  {
    name: "turns: reached before",
    before: 4,
    batch: 1,
    limits: { maxTurns: 2 },
    atStart: reached("turns", 2, 2),
    atEnd: reached("turns", 2, 2),
  },
  {
    name: "turns: none allowed",
    before: 0,
    batch: 1,
    limits: { maxTurns: 0 },
    atStart: reached("turns", 0, 0),
    atEnd: reached("turns", 0, 0),
  },
  {
    name: "duration: equal to its maximum",
    before: 0,
    batch: 1,
    limits: { maxDurationMs: 10 },
    after: 10,
    atStart: null,
    atEnd: null,
  },
  {
    name: "duration: zero",
    before: 0,
    batch: 1,
    limits: { maxDurationMs: 0 },
    after: 0,
    atStart: null,
    atEnd: null,
  },
  {
    name: "duration: before the creation",
    before: 0,
    batch: 1,
    limits: { maxDurationMs: 0 },
    after: -5,
    atStart: null,
    atEnd: null,
  },
  {
    name: "duration: exceeded",
    before: 0,
    batch: 1,
    limits: { maxDurationMs: 10 },
    after: 11,
    atStart: reached("duration", 11, 10),
    atEnd: reached("duration", 11, 10),
  },
  {
    name: "turns come before entries and duration",
    before: 4,
    batch: 2,
    limits: { maxTurns: 2, maxEntries: 1, maxDurationMs: 1 },
    after: 9,
    atStart: reached("turns", 2, 2),
    atEnd: reached("turns", 3, 2),
  },
  {
    name: "entries come before duration",
    before: 4,
    batch: 2,
    limits: { maxTurns: 9, maxEntries: 4, maxDurationMs: 1 },
    after: 9,
    atStart: reached("entries", 4, 4),
    atEnd: reached("entries", 6, 4),
  },
  {
    name: "both at the end: turns",
    before: 2,
    batch: 2,
    limits: { maxTurns: 2, maxEntries: 3 },
    atStart: null,
    atEnd: reached("turns", 2, 2),
  },
];

/** What has to become of the batch: a refusal with this limit, or an answer with this one and this status. */
function expected({ atStart, atEnd }: Situation, action: SessionLimits["action"]) {
  if (action === "ignore") return { refusedFor: null, status: "active", limit: atEnd };
  if (action === "end_session")
    return { refusedFor: atStart, status: atEnd ? "completed" : "active", limit: atEnd };
  return { refusedFor: atStart ?? (atEnd?.exceeded ? atEnd : null), status: "active", limit: atEnd };
}

export const limitCases: readonly ConformanceCase[] = [
  ...ACTIONS.map((action) =>
    conformanceCase(
      `limit-${action.replace("_", "-")}`,
      [
        ...{ error: ["LIMIT-2", "LIMIT-3"], end_session: ["LIMIT-4", "LIMIT-5"], ignore: ["LIMIT-6"] }[
          action
        ],
        "LIMIT-7",
        "LIMIT-8",
        "LIMIT-12",
        "CALL-2",
      ],
      `${action}: turns, entries and duration, at their bounds and beyond`,
      async (store) => {
        for (const [n, situation] of SITUATIONS.entries()) {
          const { name, before, batch, limits, after = 0 } = situation;
          const id = sessionId(n);
          const entries = dialogue(before, before + batch);
          const { refusedFor, status, limit } = expected(situation, action);
          await store.create(makeSession(n, { entries: dialogue(0, before) }));
          const append = () => store.append(id, entries, { at: T0 + after, limits: { ...limits, action } });
          if (refusedFor) {
            const unchanged = await store.get(id);
            const error = await rejects(append, "limit_exceeded", name);
            const { kind, current, max } = refusedFor;
            deepEqual(error.details.limit, { kind, current, max }, `details.limit: ${name}`);
            equal(error.details.sessionId, id, `details.sessionId: ${name}`);
            deepEqual(await store.get(id), unchanged, `the session: ${name}`);
          } else {
            const answer = await append();
            deepEqual(answer.limit, limit, `limit in the answer: ${name}`);
            equal(answer.status as string, status, `status in the answer: ${name}`);
            const stored = await store.get(id);
            equal(stored.metadata.status as string, status, `the status: ${name}`);
            deepEqual(stored.entries, withSeq(dialogue(0, before + batch)), `the entries: ${name}`);
            equal(stored.version, answer.version, `the version: ${name}`);
          }
        }
      },
    ),
  ),

  conformanceCase("limit-absent", ["LIMIT-1"], "without limits everything is taken", async (store) => {
    await store.create(makeSession(1));
    await store.append(ID, dialogue(0, 4), { at: T0, limits: { maxEntries: 4, action: "end_session" } });
    for (const options of [{ at: T0 }, { at: T0 + 10 ** 9 }]) {
      const { limit, status } = await store.append(ID, [userEntry(options.at)], options);
      equal(limit, null, "limit");
      equal(status, "completed", "status");
    }
  }),

  conformanceCase(
    "limit-ends-session",
    ["LIMIT-4", "LIMIT-5", "APPEND-10"],
    "a session that its limit has ended",
    async (store) => {
      await store.create(makeSession(1));
      const limits = { maxTurns: 1, action: "end_session" } as const;
      const append = (entries: SessionEntry[], at: number) => store.append(ID, entries, { at, limits });
      equal((await append([userEntry(0)], T0 + 1)).status, "active", "the status after the question");
      const ended = await append([assistantEntry(1)], T0 + 2);
      equal(ended.status, "completed", "the status after the answer");
      const { metadata } = await store.head(ID);
      deepEqual([metadata.status, metadata.updatedAt], ["completed", T0 + 2], "the metadata");
      await changesNothing(store, "what follows", async () => {
        await rejects(() => append([userEntry(2)], T0 + 3), "limit_exceeded", "what follows");
        deepEqual((await append([assistantEntry(1)], T0 + 4)).status, "completed", "a repeat");
      });
    },
  ),

  conformanceCase(
    "limit-turns-across-batches",
    ["LIMIT-9"],
    "a turn may begin long before",
    async (store) => {
      await store.create(makeSession(1, { entries: [userEntry(0)] }));
      const tool = (n: number) => makeEntry(n, { type: "tool_call", toolName: "t", success: true }, null);
      await store.append(ID, [tool(1), makeEntry(2, { type: "system_message" }, "s")], { at: T0 });
      const limits = { maxTurns: 1, action: "error" } as const;
      const answer = await store.append(ID, [tool(3), assistantEntry(4), assistantEntry(5)], {
        at: T0,
        limits,
      });
      deepEqual(answer.limit, reached("turns", 1, 1), "limit");
      equal((await store.head(ID)).turnCount, 1, "turnCount");
    },
  ),

  conformanceCase(
    "limit-counts-new",
    ["LIMIT-10", "APPEND-5"],
    "repeats in a batch do not count",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      const limits = { maxEntries: 4, action: "error" } as const;
      const answer = await store.append(ID, [...dialogue(0, 4), ...dialogue(0, 4)], { at: T0, limits });
      equal(answer.entryCount, 4, "entryCount");
      deepEqual(answer.limit, reached("entries", 4, 4), "limit");
    },
  ),

  conformanceCase(
    "limit-after-truncate",
    ["LIMIT-2", "HEAD-2"],
    "what was cut off counts no more",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 6) }));
      const limits = { maxTurns: 2, maxEntries: 4, action: "error" } as const;
      await store.truncate(ID, 1, { at: T0 });
      const answer = await store.append(ID, [assistantEntry(1)], { at: T0, limits });
      deepEqual([answer.entryCount, answer.limit], [2, null], "the answer");
    },
  ),

  conformanceCase(
    "limit-at-once",
    ["LIMIT-11", "CALL-4"],
    "64 appends at the same time never exceed the limit",
    async (store) => {
      await store.create(makeSession(1));
      const limits = { maxEntries: 20, action: "error" } as const;
      const results = await Promise.allSettled(
        range(0, 64).map((n) => store.append(ID, [userEntry(n)], { at: T0, limits })),
      );
      const taken = results.filter(
        (result) => result.status === "fulfilled",
      ) as PromiseFulfilledResult<AppendResult>[];
      equal(taken.length, 20, "how many were taken");
      for (const result of results)
        if (result.status === "rejected")
          await rejects(() => Promise.reject(result.reason), "limit_exceeded", "the others");
      const { entries } = await store.get(ID);
      deepEqual(
        entries.map(({ seq }) => seq),
        range(0, 20),
        "seqs",
      );
      const stored = taken.map(({ value }) => value.entries[0]?.id ?? "").sort();
      deepEqual(
        stored,
        entries.map(({ id }) => id as string).sort(),
        "the entries that were answered as stored",
      );
    },
  ),
];
