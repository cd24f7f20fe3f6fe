import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { appendFile, copyFile, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleChild } from "./child-process.ts";
import { tempFolder } from "./temp-store.ts";

const require = createRequire(import.meta.url);
const driver = dirname(require.resolve("better-sqlite3/package.json"));
const bindings = createRequire(join(driver, "package.json")).resolve("bindings/package.json");
const packageFolder = fileURLToPath(new URL("..", import.meta.url));

let opener: Awaited<ReturnType<typeof bundleChild>>;
let collected: typeof opener;
beforeAll(async () => {
  opener = await bundleChild("opener");
  collected = await bundleChild("collected");
});
const folders: string[] = [];
afterAll(async () => {
  await Promise.all([opener.remove(), collected.remove()]);
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param nodeVersion the version that the process takes its Node for. */
async function run(script: string, args: readonly string[], nodeVersion?: string): Promise<Ended> {
  const versions = `{ value: { ...process.versions, node: ${JSON.stringify(nodeVersion)} } }`;
  const fake = `data:text/javascript,Object.defineProperty(process, "versions", ${versions})`;
  const options = nodeVersion === undefined ? [] : ["--import", fake];
  const child = spawn(process.execPath, [...options, script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code: code ?? signal, stdout, stderr }));
  });
}

/** The opener beside a better-sqlite3 of its own. */
async function openerBeside(prepare: (driverFolder: string) => Promise<unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "store-sqlite-driver-"));
  folders.push(folder);
  const own = join(folder, "node_modules", "better-sqlite3");
  await mkdir(own, { recursive: true });
  await cp(join(packageFolder, "drizzle"), join(folder, "drizzle"), { recursive: true });
  await cp(dirname(opener.script), join(folder, "dist"), { recursive: true });
  await prepare(own);
  return join(folder, "dist", "opener.mjs");
}

test("databases, statements and iterators are garbage collected without ending the process", async () => {
  expect(await run(collected.script, [])).toEqual({ code: 0, stdout: "collected\n", stderr: "" });
});

describe("a driver that ends the process on this Node", () => {
  let script: string;
  beforeAll(async () => {
    script = await openerBeside(async (own) => {
      await writeFile(join(own, "package.json"), JSON.stringify({ version: "13.2.0", main: "index.cjs" }));
      const crash = `module.exports = class { constructor() { process.kill(process.pid, "SIGKILL"); } };`;
      await writeFile(join(own, "index.cjs"), crash);
    });
  });

  test.each(["20.19.0", "21.7.3"])("is refused on Node %s, and nothing is created", async (node) => {
    const file = join(await tempFolder(), "new", "sessions.db");
    const { code, stdout, stderr } = await run(script, [file], node);
    expect(stdout).toMatch(
      /^open: unsupported better-sqlite3 13\.2\.0 needs Node 22 .*`npm install better-sqlite3@12`/,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(existsSync(dirname(file))).toBe(false);
  });

  test("is tried on Node 22", async () => {
    const file = join(await tempFolder(), "sessions.db");
    expect(await run(script, [file], "22.0.0")).toMatchObject({ code: "SIGKILL", stdout: "" });
  });
});

describe("a binding that was compiled against headers that abort", () => {
  let concerned: string;
  let other: string;

  /** The driver with a copy of its binding, with a mark after what the loader reads. */
  async function openerWithMark(mark: string): Promise<string> {
    return await openerBeside(async (own) => {
      await cp(join(driver, "package.json"), join(own, "package.json"));
      await cp(join(driver, "lib"), join(own, "lib"), { recursive: true });
      const modules = join(own, "node_modules");
      await cp(dirname(bindings), join(modules, "bindings"), { recursive: true, dereference: true });
      const path = createRequire(bindings).resolve("file-uri-to-path/package.json");
      await cp(dirname(path), join(modules, "file-uri-to-path"), { recursive: true, dereference: true });
      const release = join("build", "Release");
      await mkdir(join(own, release), { recursive: true });
      await copyFile(join(driver, release, "better_sqlite3.node"), join(own, release, "better_sqlite3.node"));
      await appendFile(join(own, release, "better_sqlite3.node"), mark);
    });
  }

  beforeAll(async () => {
    concerned = await openerWithMark("_ZN4node28RemoveEnvironmentCleanupHookEPN2v87IsolateE");
    other = await openerWithMark("_ZN4node25AddEnvironmentCleanupHookEPN2v87IsolateE");
  });

  test.each(["24.0.0", "24.21.0", "26.3.1"])("is warned of once on Node %s", async (node) => {
    const file = join(await tempFolder(), "sessions.db");
    const { code, stdout, stderr } = await run(concerned, [file], node);
    expect({ code, stdout: stdout.split("\n", 1)[0] }).toEqual({ code: 0, stdout: "open: done" });
    expect(stderr.match(/\[THULP_SESSIONS_BINDING_ABORTS\]/g)).toHaveLength(1);
    expect(stderr).toMatch(/SIGABRT.*better_sqlite3\.node.*24\.18\.1.*better-sqlite3 13/);
  });

  test.each(["20.20.2", "22.23.3", "26.4.0"])("is no problem on Node %s", async (node) => {
    const file = join(await tempFolder(), "sessions.db");
    expect(await run(concerned, [file], node)).toMatchObject({ code: 0, stderr: "" });
  });

  // Node 26 has the hook in its headers, and a runtime that bears it.
  const binding = join(driver, "build", "Release", "better_sqlite3.node");
  const hasHook = readFileSync(binding).includes("RemoveEnvironmentCleanupHook");
  test.skipIf(hasHook)("is not seen in one that was not (skipped where this Node's own was)", async () => {
    const file = join(await tempFolder(), "sessions.db");
    expect(await run(other, [file], "24.21.0")).toMatchObject({ code: 0, stderr: "" });
  });
});
