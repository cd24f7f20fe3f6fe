// Runs one call after the other as the server does, once its body is there, in a thread of little memory.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort } from "node:worker_threads";
import { SessionManager } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { answerSingleCall, procedureAt } from "@thulp-sessions/router";
import { whyCostly } from "../dist/http/json-cost.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const info = { name: "test", version: "1", startedAt: 0, durability: null, limits: null };
parentPort.on("message", async ({ path, body, id, collect }) => {
  // A store of its own: what was taken before takes no memory.
  const manager = new SessionManager(new MemoryStore());
  await manager.createSession("a", { type: "conversation", purpose: "" }, { id });
  const bytes = Buffer.from(body);
  if (collect) collectGarbage();
  const start = process.cpuUsage();
  // What the same bytes cost in any case.
  try {
    JSON.parse(body);
  } catch {}
  const parseMs = millisecondsSince(start);
  const parsed = process.cpuUsage();
  let status = 400;
  if (whyCostly(bytes) === null) {
    const call = { path, procedure: procedureAt(path), input: body, ctx: { manager, info } };
    ({ status } = await answerSingleCall(call));
  }
  parentPort.postMessage({ status, parseMs, ms: millisecondsSince(parsed) });
});

/** Of all threads of the process: the other one waits for the answer. */
function millisecondsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
