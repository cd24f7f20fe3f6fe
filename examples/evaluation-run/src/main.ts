import process from "node:process";
import { parseArgs } from "node:util";
import { loadConfig, openStore } from "@thulp-sessions/config";
import { SessionManager } from "@thulp-sessions/core";
import { run } from "./run.ts";
import { scoresOf, table } from "./scores.ts";
import { fakeTeacher } from "./teacher.ts";

async function main(): Promise<void> {
  const { values: flags } = parseArgs({ options: { store: { type: "string" } } });
  const { store: url, durability, token } = loadConfig({ flags, env: process.env, cwd: process.cwd() });
  const store = await openStore(url, { durability, token });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => stop.abort(new Error("stopped")));
  }
  try {
    const manager = new SessionManager(store);
    const tag = `run-${new Date().toISOString()}`;
    console.log(`${tag} in ${store.location}`);
    await run({ tag, manager, teacher: fakeTeacher, signal: stop.signal });
    console.log(table(await scoresOf(manager, tag)));
  } finally {
    await store.close();
  }
}

main().catch((error) => {
  console.error(`evaluation-run: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
