import { cpSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { run } from "./outside.ts";
import { outsideFolder, ROOT } from "./packed.ts";

const { copyTree } = await import(pathToFileURL(join(ROOT, "scripts", "copy-tree.mjs")).href);

/**
 * What `npm start` may install: its figures of 2026-11-30, with the compilers of Linux on x64. 37 MB of it
 * are Vite and what it needs, which build the page; `diff` compares sessions in it.
 */
const MAX_PACKAGES = 105;
const MAX_BYTES = 139_100_000;

const folder = outsideFolder("start-set");
let output: { code: number | null; stdout: string; stderr: string };

beforeAll(async () => {
  copyTree(ROOT, folder);
  cpSync(join(ROOT, ".tools"), join(folder, ".tools"), { recursive: true });
  output = await run(process.execPath, ["scripts/bootstrap.mjs", "start", "--help"], { cwd: folder });
}, 300_000);

test("npm start of a fresh clone installs and builds the server", () => {
  expect(output.stdout).toContain("Serves a store of agent sessions over HTTP.");
  expect(output.code).toBe(0);
});

test("and the page, which it serves", () => {
  const page = join(folder, "apps", "api", "dist", "viewer", "page");
  const { files } = JSON.parse(readFileSync(join(page, "manifest.json"), "utf8"));
  expect(files.map(({ path }: { path: string }) => path)).toContain("index.html");
  expect(files.length).toBeGreaterThan(3);
});

test("and no more packages and bytes than when it was measured", () => {
  const installed = join(folder, "node_modules", ".pnpm");
  const packages = readdirSync(installed).filter((name) => !["lock.yaml", "node_modules"].includes(name));
  const bytes = bytesIn(installed);
  expect(packages.length, packages.join(" ")).toBeLessThanOrEqual(MAX_PACKAGES);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
});

test("a second start installs and builds nothing, and one after a change builds", async () => {
  const start = () => run(process.execPath, ["scripts/bootstrap.mjs", "start", "--version"], { cwd: folder });
  const built = join(folder, "packages", "core", "dist", "index.js");
  const before = lstatSync(built).mtimeMs;
  expect(await start()).toMatchObject({ code: 0, stderr: "" });
  expect(lstatSync(built).mtimeMs).toBe(before);
  cpSync(join(folder, "packages", "core", "dist", "store.js"), built);
  expect(await start()).toMatchObject({ code: 0, stderr: "" });
  expect(lstatSync(built).size).toBe(lstatSync(join(ROOT, "packages", "core", "dist", "index.js")).size);
}, 60_000);

/** Without what links lead to: it is there by itself, and readdir's recursion follows them on some Nodes. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .map((each) => {
      const path = join(folder, each.name);
      if (each.isDirectory()) return bytesIn(path);
      return each.isFile() ? lstatSync(path).size : 0;
    })
    .reduce((sum, size) => sum + size, 0);
}
