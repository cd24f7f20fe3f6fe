#!/usr/bin/env node
import process from "node:process";
import { run } from "./run.ts";

const code = await run(process.argv.slice(2), {
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
});
// What is still on its way to a pipe has to arrive. What a case has left open must not keep the process.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
