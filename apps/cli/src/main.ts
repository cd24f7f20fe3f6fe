#!/usr/bin/env node
import process from "node:process";
import { run } from "./run.ts";

const code = await run(process.argv.slice(2), process);
// Not exit(): what is still on its way to a pipe has to arrive. Whatever keeps the process alive after that is given up.
process.exitCode = code;
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
