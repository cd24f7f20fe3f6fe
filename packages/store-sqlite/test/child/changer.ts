import { writeSync } from "node:fs";
import { openSqliteStore } from "../../src/index.ts";
import { make, nextCall, randomNumbers } from "../random-call.ts";

// Changes the sessions of a file at random until it is killed. Prints every call before it is made, as JSON,
// and "ok" when it was acknowledged; synchronously, so that it is printed before the kill.
const [file = "", durability = "full", seed = "1", known = "{}"] = process.argv.slice(2);
const store = await openSqliteStore({ file, durability: durability as "full" });
const counts = new Map<string, number>(Object.entries(JSON.parse(known)));
const random = randomNumbers(Number(seed));
const begin = Date.now();
for (let i = 0; ; i++) {
  const call = nextCall(random, counts, begin + i);
  writeSync(1, `${JSON.stringify(call)}\n`);
  const count = await make(store, call);
  writeSync(1, "ok\n");
  if (count === undefined) counts.delete(call.id);
  else counts.set(call.id, count);
  // Deferred work is done in between too.
  if (random(10) === 0) await store.search({ text: "word1", limit: 1 });
}
