// Another of our processes that writes the same store, as it is told on its standard input.
import { createInterface } from "node:readline";
import { openStore } from "@thulp-sessions/config";
import { SessionManager } from "@thulp-sessions/core";

const store = await openStore(process.argv[2], { durability: "relaxed" });
const manager = new SessionManager(store);
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const { method, args } = JSON.parse(line);
  await manager[method](...args);
  console.log("done");
}
await store.close();
