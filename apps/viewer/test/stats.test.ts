import type { SessionRow, ViewedEntry } from "@thulp-sessions/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countTools, shareText } from "../src/pages/stats/count-tools.ts";
import { dayText, lengthOf, partsOf, windowOf } from "../src/pages/stats/day-window.ts";
import { distribution, quantile } from "../src/pages/stats/distribution.ts";
import { skillScores } from "../src/pages/stats/score-series.ts";

const NOW = Date.UTC(2026, 10, 30, 12);
const OPEN = { since: "", until: "" };

describe("the days of the statistics", () => {
  test("are those of the list, else thirty that end with the newest session, never in the future", () => {
    const newest = Date.UTC(2026, 5, 30, 23);
    expect(windowOf(OPEN, newest, NOW)).toEqual({ first: "2026-06-01", last: "2026-06-30" });
    expect(windowOf(OPEN, 1e300, NOW).last).toBe("2026-11-30");
    expect(windowOf(OPEN, null, NOW).last).toBe("2026-11-30");
    expect(windowOf({ since: "2026-01-01", until: "2026-01-03" }, newest, NOW)).toEqual({
      first: "2026-01-01",
      last: "2026-01-03",
    });
    expect(windowOf({ since: "x", until: "1970-01-02" }, newest, NOW).first).toBe("1970-01-01");
    expect(lengthOf({ first: "2026-01-02", last: "2026-01-01" })).toBe(0);
  });

  test("are parted into at most 31 bars, each day in one of them", () => {
    const day = fc.integer({ min: 0, max: 40_000 }).map((days) => dayText(days * 86_400_000));
    fc.assert(
      fc.property(day, day, (a, b) => {
        const window = a < b ? { first: a, last: b } : { first: b, last: a };
        const parts = partsOf(window);
        expect(parts.length).toBeLessThanOrEqual(31);
        expect(parts[0]?.first).toBe(window.first);
        expect(parts.at(-1)?.last).toBe(window.last);
        expect(parts.reduce((sum, part) => sum + lengthOf(part), 0)).toBe(lengthOf(window));
        const gaps = parts
          .slice(1)
          .map((part, i) => lengthOf({ first: parts[i]?.last ?? "", last: part.first }));
        expect(gaps.every((gap) => gap === 2)).toBe(true);
      }),
    );
  });
});

test("a distribution counts each value once, and leaves out what is empty at both ends", () => {
  expect(distribution([], [0, 1, 2])).toEqual([]);
  expect(distribution([1, 5, 5, 1000], [0, 1, 2, 5, 10])).toEqual([
    { from: 1, to: 2, count: 1 },
    { from: 2, to: 5, count: 0 },
    { from: 5, to: 10, count: 2 },
    { from: 10, to: null, count: 1 },
  ]);
  expect([0, 0.5, 0.95, 1].map((share) => quantile([4, 1, 3, 2], share))).toEqual([1, 2, 4, 4]);
  expect(quantile([], 0.5)).toBeNull();
});

test("tools are counted by name; what cannot be read and what was cut is said", () => {
  const call = (seq: number, toolName: string, success: boolean) =>
    ({ seq, entryType: { type: "tool_call", toolName, success } }) as unknown as ViewedEntry;
  const id = "0190a3c5-0000-7000-8000-000000000000" as never;
  const other = "0190a3c5-0000-7000-8000-000000000001" as never;
  const counts = countTools([
    {
      id,
      title: "a",
      entries: [call(9, "Edit", false), call(4, "__proto__", true), call(2, "Edit", false)],
      isCut: true,
    },
    null,
    {
      id: other,
      title: "b",
      entries: [call(7, "Edit", true), call(5, "Read", true), call(3, "Read", true)],
      isCut: false,
    },
  ]);
  expect(counts).toEqual({
    tools: [
      { name: "Edit", calls: 3, failed: 2, failedAt: { id, title: "a", seq: 9 } },
      { name: "Read", calls: 2, failed: 0, failedAt: null },
      { name: "__proto__", calls: 1, failed: 0, failedAt: null },
    ],
    sessions: 2,
    calls: 6,
    cut: 1,
    unreadable: 1,
  });
  const shares = [
    shareText(0, 7),
    shareText(1, 1000),
    shareText(1, 2),
    shareText(999, 1000),
    shareText(7, 7),
  ];
  expect(shares.map((share) => share.replace("\u00a0", " "))).toEqual([
    "0 %",
    "below 1 %",
    "50 %",
    "above 99 %",
    "100 %",
  ]);
});

test("scores are those of evaluations, by skill and in order of time", () => {
  const row = (id: string, createdAt: number, skillName: string | null, score: number | null) =>
    ({
      id,
      createdAt,
      sessionType: skillName === null ? { type: "agent" } : { type: "evaluation", skillName },
      score: score === null ? null : { score, seq: 0 },
    }) as unknown as SessionRow;
  const found = skillScores([
    row("d", 4, "b", null),
    row("c", 3, "a", 0.4),
    row("x", 9, null, 1),
    row("a", 1, "a", 0.7),
  ]);
  expect(found).toEqual([
    { name: "b", evaluations: 1, points: [], best: null, last: null },
    {
      name: "a",
      evaluations: 2,
      points: [
        { id: "a", time: 1, score: 0.7 },
        { id: "c", time: 3, score: 0.4 },
      ],
      best: 0.7,
      last: { id: "c", time: 3, score: 0.4 },
    },
  ]);
});
