import { expect, test } from "vitest";
import type { BenchResult, Figure } from "../src/harness/results.ts";
import { goalOf, judge } from "../src/harness/targets.ts";

const WHAT = "an append against the bare write";

function results(...figures: Partial<Figure>[]): BenchResult[] {
  const full = figures.map((figure) => ({
    what: WHAT,
    table: "append, durability full, …",
    value: 1,
    ...figure,
  }));
  return [
    {
      bench: "append-fs",
      figures: full,
      tables: [],
      date: "",
      seconds: 0,
      loadBefore: 0,
      environment: {} as never,
    },
  ];
}

function verdictOn(found: BenchResult[]) {
  return judge(found).find(
    ({ target, goal }) => target.what === WHAT && "atMost" in goal && goal.atMost === 1.5,
  );
}

test("a target holds up to its bound, and is missed beyond it by however little", () => {
  expect(verdictOn(results({ value: 1.5 }))?.verdict).toBe("holds");
  expect(verdictOn(results({ value: 1.501 }))?.verdict).toBe("MISSED");
});

test("a figure that is not to be used holds nothing", () => {
  expect(verdictOn(results({ value: 1, failed: "0 syncs" }))?.verdict).toBe("FAILED");
});

test("what was not measured, or only at the other durability, is reported as not measured", () => {
  expect(verdictOn([])?.verdict).toBe("not measured");
  expect(verdictOn(results({ table: "append, durability relaxed, …" }))?.verdict).toBe("not measured");
  expect(verdictOn(results({ value: Number.NaN }))?.verdict).toBe("MISSED");
});

test("each durability has its own bound", () => {
  const figure = { what: WHAT, value: 1 };
  expect(goalOf("append-fs", { ...figure, table: "durability full" })).toEqual({ atMost: 1.5 });
  expect(goalOf("append-fs", { ...figure, table: "durability relaxed" })).toEqual({ atMost: 5 });
  expect(goalOf("append-sqlite", figure)).toBeUndefined();
});
