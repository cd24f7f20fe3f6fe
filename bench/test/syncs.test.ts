import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { judgeSyncs } from "../src/harness/compare.ts";
import { compile, countIn, countingEnv } from "../src/harness/syncs.ts";

const folder = mkdtempSync(join(tmpdir(), "thulp-bench-test-"));
const shim = join(folder, "count-syncs.so");
const uncompiled = compile(shim);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(uncompiled !== undefined)("what a process syncs is counted, whichever way it does", async () => {
  const program = `
    const fs = require("node:fs");
    const file = fs.openSync(${JSON.stringify(join(folder, "file"))}, "w");
    fs.fsyncSync(file);
    fs.fdatasyncSync(file);
    fs.fdatasync(file, () => fs.promises.open(${JSON.stringify(folder)}).then((f) => f.sync()).then(() => process.exit()));
    // One that fails makes nothing durable.
    try { fs.fsyncSync(fs.openSync("/dev/null")); } catch {}`;
  const child = spawn(process.execPath, ["-e", program], {
    env: { ...process.env, ...countingEnv(shim, folder) },
  });
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
  expect(countIn(folder, child.pid ?? 0)).toBe(4);
});

test("a window with fewer syncs than it needs to be durable fails", () => {
  expect(judgeSyncs([10, 11, 10], 10, 10)).toEqual({ syncs: 1 });
  expect(judgeSyncs([10, 9, 10], 10, 10).failed).toMatch("9 syncs");
  expect(judgeSyncs([0, 0, 0], 10, 10).failed).toMatch("0 syncs");
});

test("where syncs are not counted, nothing is said about them", () => {
  expect(judgeSyncs([undefined, undefined], 10, 10)).toEqual({});
});
