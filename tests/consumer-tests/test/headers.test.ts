import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { outsideFolder, ROOT } from "./packed.ts";

/** How the bootstrap decides what better-sqlite3 is compiled with (docs/node.md). */
const { abortsByHook, compileFlags, HOOK_HEADER, needsHookHeader } = await import(
  pathToFileURL(join(ROOT, "scripts", "binding.mjs")).href
);

const folder = outsideFolder("headers");

/** A folder with the headers of that version. */
function headersOf(version: string): string {
  const nodeDir = join(folder, version);
  const [major, minor] = version.split(".");
  mkdirSync(join(nodeDir, "include", "node"), { recursive: true });
  const text = `#define NODE_MAJOR_VERSION ${major}\n#define NODE_MINOR_VERSION ${minor}\n`;
  writeFileSync(join(nodeDir, "include", "node", "node_version.h"), text);
  return nodeDir;
}

test.each([
  ["20.20.2", false],
  ["22.23.3", false],
  ["24.18.1", false],
  ["24.19.0", true],
  ["24.21.0", true],
  ["26.10.0", false],
])("the headers of Node %s need ours: %s", (version, needed) => {
  expect(needsHookHeader(headersOf(version), "99.0.0")).toBe(needed);
  // Where none lie, those of the Node that runs are fetched.
  expect(needsHookHeader(undefined, version)).toBe(needed);
  expect(needsHookHeader(join(folder, "nothing"), version)).toBe(needed);
});

test.skipIf(process.platform === "win32")("the flag stands once, and keeps what was there", () => {
  const env = { CXXFLAGS: "-O3" };
  compileFlags(env);
  compileFlags(env);
  expect(env).toEqual({ CXXFLAGS: `-O3 -include "${HOOK_HEADER}"` });
});

test("a binding is compiled anew where it would abort the Node that runs, and nowhere else", () => {
  const release = join(folder, "packages/store-sqlite/node_modules/better-sqlite3/build/Release");
  expect(abortsByHook(folder, "24.21.0")).toBe(false);
  mkdirSync(release, { recursive: true });
  const file = join(release, "better_sqlite3.node");
  writeFileSync(file, "\0_ZN4node25AddEnvironmentCleanupHookE\0");
  expect(abortsByHook(folder, "24.21.0")).toBe(false);
  writeFileSync(file, "\0_ZN4node28RemoveEnvironmentCleanupHookE\0");
  expect(abortsByHook(folder, "24.21.0")).toBe(true);
  expect(abortsByHook(folder, "20.20.2")).toBe(false);
});
