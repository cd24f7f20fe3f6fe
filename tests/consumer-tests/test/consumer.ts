import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { run } from "./outside.ts";

/** Compiling better-sqlite3 is part of an install where no prebuilt binary can be had. */
export const INSTALL_TIMEOUT_MS = 400_000;

const STORY = "1 session, 1 turn: It holds.\n";

/** Each program of the consumer, and what it prints. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  memory: STORY,
  files: STORY,
  sqlite: STORY,
  configured: STORY,
  remote: STORY,
  client: 'live: {"text":"Hello"}\nwithout the token: invalid_input\n',
  conformance: "true true\n",
};

export function copyConsumer(folder: string): void {
  cpSync(join(import.meta.dirname, "..", "consumer"), folder, { recursive: true });
}

const resolve = createRequire(import.meta.url).resolve;
const compiler = (name: string) => join(dirname(resolve(`${name}/package.json`)), "bin", "tsc");

export const COMPILERS: Readonly<Record<string, string>> = {
  "5.9": compiler("typescript-5.9"),
  "7.0": compiler("typescript"),
};

/** Compiles the consumer; the declarations of every package and of what they lean on are checked too. */
export async function expectTypes(folder: string, version: string): Promise<void> {
  const tsc = COMPILERS[version] as string;
  const { output: told } = await run(process.execPath, [tsc, "--version"], { cwd: folder });
  expect(told).toContain(`Version ${version}`);
  for (const project of ["tsconfig.json", "tsconfig.browser.json"]) {
    const { code, output } = await run(process.execPath, [tsc, "-p", project], { cwd: folder });
    expect([code, output], project).toEqual([0, ""]);
  }
}
