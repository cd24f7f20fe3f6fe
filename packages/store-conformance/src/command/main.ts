#!/usr/bin/env node
import process from "node:process";
import { run } from "./run.ts";

// Who reads the output has gone, or its disk is full: what is to be found out is found out all the same.
let unwritten: NodeJS.ErrnoException | undefined;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") unwritten ??= error;
});
process.stderr.on("error", () => {});
const code = await run(process.argv.slice(2), {
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
});
// What is still on its way to a pipe has to arrive. What a case has left open must not keep the process. A
// failure is told behind the callback of the write that has failed.
process.stdout.write("", () => setImmediate(end));

function end(): void {
  if (unwritten)
    process.stderr.write(`store-conformance: The output cannot be written: ${unwritten.message}.\n`);
  process.stderr.write("", () => process.exit(unwritten ? code || 1 : code));
}
