import process from "node:process";
import { parseArgs } from "node:util";
import { loadConfig, openStore } from "@thulp-sessions/config";
import { SessionManager } from "@thulp-sessions/core";
import { serveWithExpress } from "./express.ts";
import { serveWithFastify } from "./fastify.ts";
import { fetchHandler } from "./fetch.ts";
import type { Host } from "./host.ts";
import { newSecret, signPass } from "./secrets.ts";
import { serveFetch } from "./serve-fetch.ts";

const HOUR_MS = 3_600_000;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { store: { type: "string" }, port: { type: "string", default: "3000" } },
    allowPositionals: true,
  });
  const {
    store: url,
    durability,
    token,
  } = loadConfig({
    flags: { store: values.store },
    env: process.env,
    cwd: process.cwd(),
  });
  const port = Number(values.port);
  await using store = await openStore(url, { durability, token });
  const manager = new SessionManager(store);
  const secret = newSecret();
  let host: Host;
  switch (positionals[0]) {
    case "fastify":
      host = await serveWithFastify(manager, secret, port);
      console.log(`${host.url}  Authorization: Bearer ${secret}`);
      break;
    case "express":
      host = await serveWithExpress([{ key: secret, manager }], port);
      console.log(`${host.url}  x-api-key: ${secret}`);
      break;
    case "fetch":
      host = await serveFetch(fetchHandler(manager, secret), port);
      console.log(`${host.url}  Authorization: Bearer ${signPass(secret, Date.now() + HOUR_MS)}`);
      break;
    default:
      throw new Error("say which: fastify, express or fetch");
  }
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await host.close();
}

main().catch((error) => {
  console.error(`mounted-router: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
