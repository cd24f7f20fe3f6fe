import process from "node:process";
import { nodeProblem } from "@thulp-sessions/config/node-version";

const problem = nodeProblem();
if (problem === undefined) {
  // Only now: what the command imports may not even load on an older Node.
  const { run } = await import("./command/run.ts");
  process.exit(await run(process.argv.slice(2), process));
} else {
  process.stderr.write(`thulp-sessions: ${problem}\n`);
  process.exitCode = 1;
}
