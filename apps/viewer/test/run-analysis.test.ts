import type { ScoredSession, ViewedEntry } from "@thulp-sessions/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { caseResults } from "../src/pages/runs/case-key.ts";
import { caseRows } from "../src/pages/runs/case-rows.ts";
import { compareCases, signTest, wilson } from "../src/pages/runs/compare-cases.ts";
import { bestSoFar, metricNames, runVersions } from "../src/pages/runs/run-versions.ts";

const execution = (seq: number, content: unknown, success = true) =>
  ({
    seq,
    content,
    entryType: { type: "skill_execution", skillName: "s", success },
  }) as unknown as ViewedEntry;
const session = (
  id: string,
  type: string,
  parentSession: string | null,
  createdAt: number,
  score: number | null = null,
) =>
  ({
    metadata: { id, parentSession, createdAt, sessionType: { type } },
    score,
    metrics: score === null ? null : { passed: score * 10 },
  }) as unknown as ScoredSession;

describe("the cases of an evaluation", () => {
  test("are told apart by the first field that names no two alike", () => {
    const found = caseResults([
      execution(0, { case: "same", title: "a", input: 1 }),
      execution(1, { case: "same", title: "b", input: 1 }, false),
      { seq: 2, content: null, entryType: { type: "user_message" } } as unknown as ViewedEntry,
    ]);
    expect(found).toEqual({
      field: "title",
      results: [
        { key: "a", passed: true, seq: 0 },
        { key: "b", passed: false, seq: 1 },
      ],
    });
    expect(caseResults([execution(4, { x: 1 }), execution(5, "text")])).toEqual({
      field: null,
      results: [
        { key: "case 1", passed: true, seq: 4 },
        { key: "case 2", passed: true, seq: 5 },
      ],
    });
    expect(caseResults([execution(1, JSON.parse('{"id": 7}'))]).results[0]?.key).toBe("7");
    expect(caseResults([])).toEqual({ field: null, results: [] });
  });

  test("over versions say which broke, never passed, flicker, were fixed and pass", () => {
    const run = (...given: string[]) =>
      given.map((each, seq) => ({ key: each.slice(1), passed: each[0] === "+", seq }));
    const rows = caseRows([
      run("+good", "-never", "-fixed", "+broke", "+flicker"),
      run("+good", "-never", "-fixed", "+broke", "-flicker"),
      run("+good", "-never", "+fixed", "-broke", "+flicker", "+new"),
    ]);
    expect(rows.map(({ key, verdict }) => `${key} ${verdict}`)).toEqual([
      "broke broke",
      "never never",
      "flicker flickers",
      "fixed fixed",
      "good passes",
      "new passes",
    ]);
    expect(rows.at(-1)?.cells.map((cell) => cell?.passed ?? null)).toEqual([null, null, true]);
  });
});

describe("two evaluations", () => {
  const result = (key: string, passed: boolean) => ({ key, passed, seq: 0 });

  test("are compared case by case", () => {
    const before = [
      result("a", true),
      result("b", false),
      result("c", true),
      result("d", false),
      result("gone", true),
    ];
    const after = [
      result("a", true),
      result("b", true),
      result("c", false),
      result("d", false),
      result("new", true),
    ];
    expect(compareCases(before, after)).toEqual({ fixed: ["b"], broke: ["c"], equal: 2, unpaired: 2, p: 1 });
  });

  test("differ as the sign test says: against the sum of binomials", () => {
    expect(signTest(0, 0)).toBe(1);
    expect(signTest(5, 0)).toBeCloseTo(0.0625, 12);
    expect(signTest(6, 0)).toBeCloseTo(0.03125, 12);
    expect(signTest(8, 1)).toBeCloseTo(0.0390625, 12);
    expect(signTest(3000, 1000)).toBeLessThan(1e-200);
    expect(signTest(1000, 1000)).toBe(1);
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), (a, b) => {
        const n = a + b;
        const choose = (k: number) => {
          let product = 1;
          for (let i = 1; i <= k; i++) product = (product * (n - i + 1)) / i;
          return product;
        };
        let tail = 0;
        for (let k = 0; k <= Math.min(a, b); k++) tail += choose(k) / 2 ** n;
        expect(signTest(a, b)).toBeCloseTo(Math.min(1, 2 * tail), 9);
        expect(signTest(a, b)).toBe(signTest(b, a));
      }),
    );
  });

  test("have intervals that hold their rate and lie between 0 and 1", () => {
    expect(wilson(0, 0)).toEqual([0, 1]);
    expect(wilson(5, 10)[0]).toBeCloseTo(0.2366, 3);
    expect(wilson(5, 10)[1]).toBeCloseTo(0.7634, 3);
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), (passed, failed) => {
        const total = passed + failed;
        fc.pre(total > 0);
        const [low, high] = wilson(passed, total);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low - 1e-9).toBeLessThanOrEqual(passed / total);
        expect(high + 1e-9).toBeGreaterThanOrEqual(passed / total);
      }),
    );
  });
});

test("versions are what made them, in the order of time, with their evaluations", () => {
  const versions = runVersions([
    session("demo", "teacher_demo", null, 1),
    session("e1", "evaluation", "demo", 2, 0.2),
    session("r1", "refinement", "demo", 3),
    session("e2", "evaluation", "r1", 4, 0.8),
    session("e3", "evaluation", "r1", 5, 0.6),
    session("lone", "evaluation", "elsewhere", 6, 0.7),
    session("talk", "conversation", null, 7),
  ]);
  expect(versions.map(({ id, name, evaluations }) => `${name} ${id} ${evaluations.length}`)).toEqual([
    "v0 demo 1",
    "v1 r1 2",
    "v2 lone 1",
  ]);
  expect(bestSoFar(versions, "")).toEqual([0.2, 0.8, 0.8]);
  expect(bestSoFar(versions, "passed")).toEqual([2, 8, 8]);
  expect(bestSoFar(versions, "none")).toEqual([null, null, null]);
  expect(metricNames(versions.flatMap(({ evaluations }) => evaluations))).toEqual(["passed"]);
});
