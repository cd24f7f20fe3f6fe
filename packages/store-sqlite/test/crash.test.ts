import { join } from "node:path";
import { isSessionError, newUuid, type SessionStore, type StoredSession } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { bundleChild, startChild } from "./child-process.ts";
import { type Call, make, randomNumbers } from "./random-call.ts";
import { entry } from "./session-data.ts";
import { tempFolder } from "./temp-store.ts";

// A process changes sessions at random and is killed with -9 at a random moment, again and again on one file.
// What was acknowledged is there, the call in flight is there whole or not at all, and the next write works.

/** With two durabilities and as many lanes as below: 84 kills in all, and 2,016 in `npm run soak`. */
const KILLS_PER_LANE = process.env["SOAK"] === "1" ? 336 : 14;
/**
 * Processes that run concurrently, each on a file of its own: starting one costs more than what it then does.
 */
const LANES = 3;

let changer: Awaited<ReturnType<typeof bundleChild>>;
beforeAll(async () => {
  changer = await bundleChild("changer");
}, 30_000);
afterAll(() => changer.remove());

async function read(
  store: SessionStore,
  id: string,
): Promise<Omit<StoredSession, "version" | "epoch"> | undefined> {
  try {
    const { version: _, epoch: __, ...found } = await store.get(id);
    return found;
  } catch (error) {
    if (isSessionError(error, "not_found")) return undefined;
    throw error;
  }
}

/** Applies what was acknowledged to a killed process to the model. @returns the call that was in flight. */
async function workAndKill(
  file: string,
  durability: string,
  model: MemoryStore,
  random: (choices: number) => number,
): Promise<Call | null> {
  const { items } = await model.list({ limit: 100 });
  const heads = await Promise.all(items.map(({ id }) => model.head(id)));
  const known = Object.fromEntries(heads.map(({ metadata, entryCount }) => [metadata.id, entryCount]));
  const child = startChild(
    changer.script,
    file,
    durability,
    String(random(1_000_000)),
    JSON.stringify(known),
  );
  // Right after a call was begun, or while other processes run.
  await child.printed(1 + 2 * random(12));
  const kill = () => void child.process.kill("SIGKILL");
  if (random(2) === 0) kill();
  else setTimeout(kill, random(4));
  expect(await child.ended).toBe("SIGKILL");
  let inFlight: Call | null = null;
  for (const line of child.lines) {
    if (line !== "ok") {
      inFlight = JSON.parse(line) as Call;
    } else if (inFlight) {
      await make(model, inFlight);
      inFlight = null;
    }
  }
  return inFlight;
}

/**
 * Everything that has to hold after a kill; applies to the model what became of the call in flight.
 */
async function check(
  file: string,
  durability: "full" | "relaxed",
  model: MemoryStore,
  inFlight: Call | null,
) {
  const store = await openSqliteStore({ file, durability });
  try {
    if (inFlight) {
      const before = await read(model, inFlight.id);
      const found = await read(store, inFlight.id);
      await make(model, inFlight);
      const after = await read(model, inFlight.id);
      expect([before, after]).toContainEqual(found);
      // It was not done, or not yet: then it is now, as by a caller that got no answer and retries.
      if (JSON.stringify(found) !== JSON.stringify(after)) await make(store, inFlight);
    }
    const { items } = await model.list({ limit: 100 });
    expect((await store.list({ limit: 100 })).items).toEqual(items);
    expect((await store.list({ limit: 100, filter: { tag: "t" } })).items).toEqual(
      items.filter(({ tags }) => tags.includes("t")),
    );
    for (const { id } of items) {
      expect(await read(store, id)).toEqual(await read(model, id));
      const given = { ...entry("after"), id: newUuid() as ReturnType<typeof entry>["id"] };
      for (const each of [store, model]) await each.append(id, [given], { at: 0 });
      expect(await read(store, id)).toEqual(await read(model, id));
    }
    const query = { text: "word2", limit: 200 };
    expect((await store.search(query)).items).toEqual((await model.search(query)).items);
    expect(await store.checkIntegrity()).toEqual([]);
  } finally {
    await store.close();
  }
}

describe.each(["full", "relaxed"] as const)("at durability %s", (durability) => {
  test("a process that is killed at any moment loses nothing that was acknowledged", {
    timeout: process.env["SOAK"] === "1" ? 3_600_000 : 300_000,
  }, async () => {
    const lane = async (folder: string, seed: number) => {
      const random = randomNumbers(seed);
      let [file, model] = [join(folder, "0.db"), new MemoryStore()];
      for (let kill = 0; kill < KILLS_PER_LANE; kill++) {
        // Restarted from time to time, so that what is compared stays short.
        if (kill % 12 === 0) [file, model] = [join(folder, `${kill}.db`), new MemoryStore()];
        const inFlight = await workAndKill(file, durability, model, random);
        await check(file, durability, model, inFlight);
      }
    };
    const folders = await Promise.all(Array.from({ length: LANES }, tempFolder));
    await Promise.all(folders.map((folder, i) => lane(folder, i + 1 + (durability === "full" ? 0 : 100))));
  });
});
