import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { compare, report, reportTarget } from "../src/harness/compare.ts";
import { record } from "../src/harness/recording.ts";
import { type BenchResult, failuresOf } from "../src/harness/results.ts";
import { judge } from "../src/harness/targets.ts";
import { measure } from "../src/measure.ts";
import { catalog } from "../src/peers/candidates/catalog.ts";
import { reportSide, Suite } from "../src/peers/suite.ts";
import { checkPage, pageFiles } from "../src/report/page.ts";
import { printTargets } from "../src/report/print-targets.ts";

const OPTIONS = { quick: true, check: false };
const WHAT = "an append against the bare write";
const lines: string[] = [];
for (const name of ["log", "error"] as const)
  vi.spyOn(console, name).mockImplementation((line: string) => void lines.push(line));
afterEach(() => {
  lines.length = 0;
});

const works = { name: "the bare write", operations: 1, run: async () => {} };
const throws = {
  name: "the store",
  operations: 1,
  run: async () => Promise.reject(new Error("EMLINK: too many links")),
};

/** A bench with a table and a target, as `append-fs` has them. */
function benchOf(...candidates: (typeof works)[]) {
  return async () => {
    const [bare, store] = await compare(candidates, 1);
    report(
      "append, durability full",
      [bare, store].filter((each) => each !== undefined),
    );
    reportTarget(WHAT, store, bare);
  };
}

function verdictOn(results: readonly BenchResult[]) {
  return judge(results).find(({ target }) => target.what === WHAT && target.table === "durability full")
    ?.verdict;
}

function pageOf(results: readonly BenchResult[]): string {
  return pageFiles(results).get("bench/PERFORMANCE.md") ?? "";
}

test("benches in which everything works succeed", async () => {
  expect(await measure({ "append-fs": benchOf(works, { ...works, name: "the store" }) }, OPTIONS)).toBe(0);
});

test("a candidate that throws fails the run, by name and reason, and those after it still run", async () => {
  const next = vi.fn(benchOf(works, { ...works, name: "the store" }));
  expect(await measure({ "append-fs": benchOf(works, throws), "load-fs": next }, OPTIONS)).toBe(1);
  expect(next).toHaveBeenCalledOnce();
  expect(lines.at(-1)).toMatch("append-fs: the store: EMLINK: too many links");
});

test("a bench that throws fails the run, and those after it still run", async () => {
  const next = vi.fn(benchOf(works, { ...works, name: "the store" }));
  const broken = async () => Promise.reject(new Error("no space left"));
  expect(await measure({ "append-fs": broken, "load-fs": next }, OPTIONS)).toBe(1);
  expect(next).toHaveBeenCalledOnce();
  expect(lines.at(-1)).toMatch("append-fs: no space left");
});

test("a candidate that throws has no row on the page, and no target of its bench holds", async () => {
  const good = await record("append-fs", benchOf(works, { ...works, name: "the store" }));
  const bad = await record("append-fs", benchOf(works, throws));
  expect(pageOf([good])).toContain("| the store |");
  expect(pageOf([bad])).toContain("| the bare write |");
  expect(pageOf([bad])).not.toContain("| the store |");
  expect(pageOf([bad])).not.toContain("EMLINK");
  expect(verdictOn([bad])).toBe("FAILED");
});

test("a recorded failure fails the check of the page and the targets, whatever row it stands in", async () => {
  const result = await record("append-fs", benchOf(works, { ...works, name: "the store" }));
  const failed = {
    ...result,
    figures: result.figures.map((figure) => ({ ...figure, value: 1 })),
    tables: [{ title: "t", columns: [], rows: [{ name: "a peer", cells: [], failed: "EMLINK" }] }],
  };
  expect(printTargets([{ ...failed, tables: [] }])).toBe(0);
  expect(printTargets([failed])).toBe(1);
  expect(verdictOn([failed])).toBe("FAILED");
  lines.length = 0;
  expect(await checkPage([failed])).toBe(1);
  expect(lines.join("\n")).toMatch("append-fs: a peer: EMLINK");
});

test("a candidate that is skipped with a reason fails nothing, and the page has the reason", async () => {
  const result = await record("append-fs", benchOf(works, { ...works, name: "the store" }));
  const skipping = {
    ...result,
    tables: [
      {
        title: "append, durability full",
        columns: [],
        rows: [{ name: "a peer", cells: [], skipped: "needs Node 22" }],
      },
    ],
  };
  expect(printTargets([skipping])).toBe(0);
  expect(pageOf([skipping])).toContain("| a peer | _skipped: needs Node 22_ |");
});

test("among the candidates side by side, one whose process fails fails the bench, one that is skipped does not", async () => {
  // From the sources there is no program for a candidate's process, so that it ends with an error.
  const [candidate] = catalog;
  if (!candidate) throw new Error("the catalogue is empty");
  const taking = {
    candidate,
    durability: "relaxed" as const,
    folder: join(tmpdir(), "thulp-bench-no-process"),
  };
  const run = (skipped?: string) => async () => {
    const suite = await Suite.open([{ ...taking, ...(skipped && { skipped }) }]);
    reportSide("t", await suite.compare({ rounds: 1, window: async () => null }));
    await suite.close();
  };
  expect(failuresOf(await record("peers-append", run()))).toEqual([
    expect.stringMatching(/^peers-append: store-sqlite: .*Cannot find module/),
  ]);
  const skipping = await record("peers-append", run("needs Node 99"));
  expect(failuresOf(skipping)).toEqual([]);
  expect(skipping.tables[0]?.rows).toEqual([{ name: "store-sqlite", cells: [], skipped: "needs Node 99" }]);
});
