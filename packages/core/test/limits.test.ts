import {
  checkLimits,
  type EntryType,
  isAtTurnLimit,
  type LimitReached,
  remainingTurns,
  type SessionLimits,
} from "@thulp-sessions/core";
import { countEntries, decideAppend, type EntryCounts } from "@thulp-sessions/core/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_ENTRIES } from "../src/model/counts.ts";
import { stricterLimits } from "../src/rules/limits.ts";
import corpus from "./fixtures/limits.json" with { type: "json" };

const LETTERS: Readonly<Record<string, EntryType>> = {
  u: { type: "user_message" },
  a: { type: "assistant_message" },
  s: { type: "system_message" },
  t: { type: "tool_call", toolName: "t", success: true },
  k: { type: "skill_execution", skillName: "k", success: false },
  e: { type: "evaluation_result", score: 1, metrics: {} },
  v: { type: "system_event", event: "v" },
};

/** Entries from letters: `ua` is a question and its answer. */
function entriesOf(letters: string): { entryType: EntryType }[] {
  return [...letters].map((letter) => ({ entryType: LETTERS[letter] as EntryType }));
}

/** `turns=1,entries=4,duration_ms=0,action=ignore` */
function limitsOf(label: string): SessionLimits {
  const parts =
    label === "default" ? [] : label.split(",").map((part) => part.split("=") as [string, string]);
  const given = Object.fromEntries(parts);
  return {
    ...("turns" in given ? { maxTurns: Number(given["turns"]) } : {}),
    ...("entries" in given ? { maxEntries: Number(given["entries"]) } : {}),
    ...("duration_ms" in given ? { maxDurationMs: Number(given["duration_ms"]) } : {}),
    action: (given["action"] ?? "error") as SessionLimits["action"],
  };
}

/** What the original says, from what we say. */
function asOriginal(reached: LimitReached | null): unknown {
  if (reached === null) return "ok";
  if (!reached.exceeded) return "at_limit";
  const { kind, current, max } = reached;
  return kind === "duration"
    ? { current_ms: current, exceeded: kind, max_ms: max }
    : { current, exceeded: kind, max };
}

describe("the limits of the original", () => {
  test("the fixture is whole", () => {
    expect(corpus.sessions).toHaveLength(72);
    expect(corpus.tables.every((table) => Object.keys(table).length === 14)).toBe(true);
  });

  test.each(corpus.sessions.map((session) => [session.what, session] as const))("%s", (_, session) => {
    const { createdAt, updatedAt } = session;
    const counts = countEntries(entriesOf(session.entries));
    expect(counts).toMatchObject({
      entryCount: session.entries.length,
      turnCount: session.turnCount,
      userMessageCount: session.users,
      assistantMessageCount: session.assistants,
    });
    for (const [label, expected] of Object.entries(corpus.tables[session.limits] as object)) {
      const limits = limitsOf(label);
      const reached = checkLimits({ ...counts, createdAt }, limits, updatedAt);
      expect([
        label,
        asOriginal(reached),
        isAtTurnLimit(counts, limits),
        remainingTurns(counts, limits),
      ]).toEqual([label, ...expected]);
    }
  });
});

describe("an append at a limit", () => {
  const decide = (has: string, adds: string, limits: SessionLimits, at = 1000) =>
    decideAppend(countEntries(entriesOf(has)), { createdAt: 1000 }, entriesOf(adds), limits, at);
  const entries = (action: SessionLimits["action"]): SessionLimits => ({ maxEntries: 3, action });
  const reached = (current: number) => ({ kind: "entries", current, max: 3, exceeded: current > 3 });

  test("without limits everything is taken", () => {
    expect(decideAppend(NO_ENTRIES, { createdAt: 0 }, entriesOf("ua"), undefined, 1e15)).toEqual({
      accept: true,
      complete: false,
      limit: null,
    });
  });

  test.each([
    // has, adds: accepted, the session ends, the limit that is told
    ["error", "s", "s", true, false, null],
    ["error", "s", "ss", true, false, reached(3)],
    ["error", "s", "sss", false, false, reached(4)],
    ["error", "sss", "s", false, false, reached(3)],
    ["error", "ssss", "s", false, false, reached(4)],
    ["end_session", "s", "s", true, false, null],
    ["end_session", "s", "ss", true, true, reached(3)],
    ["end_session", "s", "sss", true, true, reached(4)],
    ["end_session", "sss", "s", false, false, reached(3)],
    ["end_session", "ssss", "s", false, false, reached(4)],
    ["ignore", "s", "s", true, false, null],
    ["ignore", "s", "ss", true, false, reached(3)],
    ["ignore", "s", "sss", true, false, reached(4)],
    ["ignore", "sss", "s", true, false, reached(4)],
  ] as const)("%s: %s + %s", (action, has, adds, accept, complete, limit) => {
    expect(decide(has, adds, entries(action))).toEqual({ accept, complete, limit });
  });

  test("an answer that completes the last turn is taken, the next message is not", () => {
    const limits = { maxTurns: 1, action: "error" } as const;
    expect(decide("u", "a", limits)).toMatchObject({
      accept: true,
      limit: { kind: "turns", exceeded: false },
    });
    expect(decide("ua", "s", limits)).toMatchObject({ accept: false, limit: { kind: "turns", current: 1 } });
    expect(decide("", "uaua", limits)).toMatchObject({
      accept: false,
      limit: { current: 2, exceeded: true },
    });
  });

  test("a duration equal to its maximum is fine, one millisecond more is not", () => {
    const limits = { maxDurationMs: 500, action: "error" } as const;
    expect(decide("u", "a", limits, 1500)).toEqual({ accept: true, complete: false, limit: null });
    expect(decide("u", "a", limits, 1501)).toMatchObject({
      accept: false,
      limit: { kind: "duration", current: 501 },
    });
    expect(decide("u", "a", limits, 0)).toMatchObject({ accept: true });
  });

  test("turns are named before entries, entries before duration", () => {
    const all = { maxTurns: 1, maxEntries: 2, maxDurationMs: 0, action: "ignore" } as const;
    expect(decide("u", "a", all, 9000).limit?.kind).toBe("turns");
    expect(decide("u", "s", all, 9000).limit?.kind).toBe("entries");
    expect(decide("", "s", all, 9000).limit?.kind).toBe("duration");
  });

  test("a limit of 0 is met by a session that holds nothing", () => {
    for (const bound of ["maxTurns", "maxEntries"]) {
      expect(decide("", "s", { [bound]: 0, action: "error" })).toMatchObject({ accept: false });
    }
  });
});

const someLimits: fc.Arbitrary<SessionLimits> = fc.record(
  {
    maxTurns: fc.nat(3),
    maxEntries: fc.nat(5),
    maxDurationMs: fc.nat(100),
    action: fc.constantFrom("error" as const, "end_session" as const, "ignore" as const),
  },
  { requiredKeys: ["action"] },
);

describe("two limits together", () => {
  test("an absent one does not count", () => {
    const limits = { maxTurns: 1, action: "ignore" } as const;
    expect(stricterLimits(undefined, limits)).toBe(limits);
    expect(stricterLimits(limits, undefined)).toBe(limits);
    expect(stricterLimits(undefined, undefined)).toBeUndefined();
  });

  test("of each bound the smaller, of the actions the stricter", () => {
    expect(
      stricterLimits(
        { maxTurns: 5, maxEntries: 0, action: "ignore" },
        { maxTurns: 3, maxDurationMs: 9, action: "end_session" },
      ),
    ).toEqual({ maxTurns: 3, maxEntries: 0, maxDurationMs: 9, action: "end_session" });
    expect(stricterLimits({ action: "end_session" }, { action: "error" })).toEqual({ action: "error" });
  });

  test("a limit is met by both together when it is by either", () => {
    fc.assert(
      fc.property(
        someLimits,
        someLimits,
        fc.nat(4),
        fc.nat(6),
        fc.nat(200),
        (a, b, turnCount, entryCount, at) => {
          const state = { turnCount, entryCount, createdAt: 0 };
          const both = stricterLimits(a, b) as SessionLimits;
          expect(stricterLimits(b, a)).toEqual(both);
          expect(checkLimits(state, both, at) !== null).toBe(
            checkLimits(state, a, at) !== null || checkLimits(state, b, at) !== null,
          );
        },
      ),
    );
  });
});

test("a decision depends on the counters alone, not on how they came about", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...Object.keys(LETTERS))),
      someLimits,
      fc.nat(200),
      (letters, limits, at) => {
        const half = Math.floor(letters.length / 2);
        const entries = entriesOf(letters.join(""));
        const start: EntryCounts = countEntries(entries.slice(0, half));
        const { accept, limit } = decideAppend(start, { createdAt: 0 }, entries.slice(half), limits, at);
        const after = checkLimits({ ...countEntries(entries), createdAt: 0 }, limits, at);
        if (accept) expect(limit).toEqual(after);
        else expect(limit).not.toBeNull();
      },
    ),
  );
});
