#!/usr/bin/env node
import process from "node:process";
import { nodeProblem } from "@thulp-sessions/config/node-version";

const problem = nodeProblem();
if (problem === undefined) {
  // Only now: what the command imports may not even load on an older Node.
  const { run } = await import("./program/run.ts");
  const code = await run(process.argv.slice(2), process);
  // Not exit(): what is still on its way to a pipe has to arrive. Whatever keeps the process alive after that
  // is given up.
  process.exitCode = code;
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
} else {
  process.stderr.write(`thulp-sessions: ${problem}\n`);
  process.exitCode = 1;
}
