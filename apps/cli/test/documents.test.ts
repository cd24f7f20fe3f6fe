import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { COMMANDS } from "../src/program/commands.ts";

const ROOT = join(import.meta.dirname, "../../..");

it("docs/cli.md shows what the commands print", () => {
  const script = join(ROOT, "scripts", "cli-transcripts.mjs");
  const { stderr, status } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

it("docs/cli.md tells of every command", () => {
  const text = readFileSync(join(ROOT, "docs", "cli.md"), "utf8");
  const STATUS = ["complete", "fail", "cancel", "pause", "resume"];
  const untold = COMMANDS.filter(
    ({ name }) => !STATUS.includes(name) && !new RegExp(`\`${name}\\b|thulp-sessions ${name}\\b`).test(text),
  );
  expect(untold.map(({ name }) => name)).toEqual([]);
});
