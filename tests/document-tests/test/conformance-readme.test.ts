import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conformanceCases } from "@thulp-sessions/store-conformance";
import { startNode } from "@thulp-sessions/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { blocksOf, ROOT } from "./document.ts";

const DOCUMENT = "packages/store-conformance/README.md";
const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");
const STORES = /"@thulp-sessions\/(?:store-fs|core\/memory)"/;

/** The block of the README that is for this runner. */
function example(runner: string): string {
  const found = blocksOf(DOCUMENT).filter(({ code }) => code.includes(`from "${runner}"`));
  expect(found.map(({ place }) => place)).toHaveLength(1);
  return found[0]?.code ?? "";
}

/**
 * A project with that one test file. It lies in here, so that the packages are found as in anybody's
 * node_modules.
 */
function project(file: string, code: string): string {
  const parent = join(import.meta.dirname, "../.projects");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "conformance-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  writeFileSync(join(folder, file), code);
  copyFileSync(join(import.meta.dirname, "planted/broken-store.mjs"), join(folder, "broken-store.mjs"));
  return folder;
}

function withBrokenStore(code: string): string {
  expect(code).toMatch(STORES);
  return code.replace(STORES, '"./broken-store.mjs"');
}

interface Outcome {
  readonly code: number | null;
  readonly passed: string[];
  readonly failed: string[];
}

/** @param pattern of the titles of the cases that are run. */
type Run = (code: string, pattern: string) => Promise<Outcome>;

const runWithVitest: Run = async (code, pattern) => {
  const cwd = project("store.test.ts", code);
  // Else it takes the one that it finds above: ours.
  writeFileSync(join(cwd, "vitest.config.mjs"), "export default {};\n");
  const report = join(cwd, "report.json");
  const options = ["--reporter=json", `--outputFile=${report}`, "-t", pattern];
  const run = await startNode([VITEST, "run", "--root", cwd, ...options], { cwd }).ended;
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  const results: { title: string; status: string }[] = testResults[0].assertionResults;
  const titles = (status: string) =>
    results.filter((each) => each.status === status).map(({ title }) => title);
  return { code: run.code, passed: titles("passed"), failed: titles("failed") };
};

const runWithNode: Run = async (code, pattern) => {
  const cwd = project("store.test.mjs", code);
  const options = ["--test", "--test-reporter=tap", `--test-name-pattern=${pattern}`];
  const run = await startNode(options, { cwd }).ended;
  const titles = (status: string) =>
    [...run.output.matchAll(new RegExp(`^ *${status} \\d+ - (\\S+: .*)$`, "gm"))]
      .map(([, title = ""]) => title)
      .filter((title) => !title.includes(" # SKIP "));
  return { code: run.code, passed: titles("ok"), failed: titles("not ok") };
};

vi.setConfig({ testTimeout: 300_000 });

const titlesOf = (pattern: string) =>
  conformanceCases
    .map(({ id, name }) => `${id}: ${name}`)
    .filter((title) => new RegExp(pattern).test(title))
    .sort();

/** Some cases stand for all of them, which `npm run soak` runs: minutes of syncs. */
const SOME = process.env["SOAK"] === "1" ? ": " : "(?:delete|update)-[^:]*: ";

describe.each([
  ["vitest", runWithVitest],
  ["node:test", runWithNode],
] as const)("the example for %s", (runner, run) => {
  test("runs the cases, and all pass", async () => {
    const { code, passed, failed } = await run(example(runner), SOME);
    expect(failed).toEqual([]);
    expect(passed.sort()).toEqual(titlesOf(SOME));
    expect(code).toBe(0);
  });

  test("goes red for a store that lies about a deletion, where somebody looks", async () => {
    const deletions = "delete-[^:]*: ";
    const { code, passed, failed } = await run(withBrokenStore(example(runner)), deletions);
    expect(code).toBe(1);
    expect(failed).toContain("delete-answer: true when there was one, else false");
    // It does everything else as it should.
    expect(passed).toContain("delete-gone: afterwards nothing is found");
    expect([...passed, ...failed].sort()).toEqual(titlesOf(deletions));
  });
});
