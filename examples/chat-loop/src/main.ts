import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { loadConfig, openStore } from "@thulp-sessions/config";
import { SessionManager } from "@thulp-sessions/core";
import { chat } from "./chat.ts";
import { fakeModel } from "./model.ts";

async function main(): Promise<void> {
  const { values: flags } = parseArgs({ options: { store: { type: "string" } } });
  // --store, or THULP_SESSIONS_STORE, or thulp-sessions.config.json, or sqlite:.thulp/sessions.db
  const config = loadConfig({ flags, env: process.env, cwd: process.cwd() });
  const { durability, token } = config;
  const store = await openStore(config.store, {
    durability,
    token,
    onWarning: ({ message }) => console.error(message),
  });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const write = (text: string) => process.stdout.write(text);
    await chat(new SessionManager(store), fakeModel, { lines, write }, stop.signal);
  } finally {
    lines.close();
    await store.close();
  }
}

main().catch((error) => {
  console.error(`chat-loop: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
