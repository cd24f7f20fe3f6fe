import process from "node:process";
import { nodeProblem } from "@thulp-sessions/config/node-version";

const problem = nodeProblem();
if (problem === undefined) {
  // Only now: what the command imports may not even load on an older Node.
  const { run } = await import("./command/run.ts");
  // Who reads the output has gone, or its disk is full: a server goes on without it.
  let unwritten: NodeJS.ErrnoException | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") unwritten ??= error;
  });
  process.stderr.on("error", () => {});
  const code = await run(process.argv.slice(2), process);
  // A failure is told behind the callback of the write that has failed.
  process.stdout.write("", () => setImmediate(end));
  function end(): void {
    if (unwritten)
      process.stderr.write(`thulp-sessions: The output cannot be written: ${unwritten.message}.\n`);
    process.exit(unwritten ? code || 1 : code);
  }
} else {
  process.stderr.write(`thulp-sessions: ${problem}\n`);
  process.exitCode = 1;
}
