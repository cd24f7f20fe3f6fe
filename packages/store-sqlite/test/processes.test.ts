import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { newUuid, type SessionId } from "@thulp-sessions/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleChild, startChild } from "./child-process.ts";
import { session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

let writer: Awaited<ReturnType<typeof bundleChild>>;
beforeAll(async () => {
  writer = await bundleChild("writer");
}, 30_000);
afterAll(() => writer.remove());

test("processes that append to one session lose nothing", { timeout: 60_000 }, async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const { metadata } = await store.create(session());
  const children = Array.from({ length: 4 }, () =>
    startChild(writer.script, file, "full", "100", "3", metadata.id),
  );
  // Concurrent reads see whole batches, and no lock.
  let running = true;
  const reader = (async () => {
    while (running) {
      const { entries } = await store.get(metadata.id);
      expect(entries.length % 3).toBe(0);
      await store.search({ text: "message" });
      // Reading alone never yields to the event loop.
      await setImmediate();
    }
  })();
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  running = false;
  await reader;
  const { entries } = await store.get(metadata.id);
  expect(entries).toHaveLength(1200);
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i));
  // Every batch is contiguous and in its order.
  const batches = new Set(children.flatMap(({ lines }) => lines));
  const ids = entries.map(({ id }) => id);
  for (let i = 0; i < ids.length; i += 3) batches.delete(ids.slice(i, i + 3).join(" "));
  expect(batches.size).toBe(0);
});

test("processes that open a new file at the same moment all succeed", { timeout: 30_000 }, async () => {
  const file = join(await tempFolder(), "new", "sessions.db");
  const children = Array.from({ length: 6 }, () =>
    startChild(writer.script, file, "full", "1", "1", newUuid()),
  );
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0, 0, 0, 0]);
  const store = await openAt(file);
  expect(await store.count()).toBe(6);
});

test("what was acknowledged to a killed writer is there", { timeout: 120_000 }, async () => {
  const file = join(await tempFolder(), "sessions.db");
  const ids = [newUuid(), newUuid(), newUuid()];
  const acknowledged: string[] = [];
  for (let round = 0; round < 30; round++) {
    const child = startChild(writer.script, file, round % 2 ? "full" : "relaxed", "0", "2", ...ids);
    // At another moment of the work each time.
    await child.printed(1 + round * 2);
    child.process.kill("SIGKILL");
    expect(await child.ended).toBe("SIGKILL");
    acknowledged.push(...child.lines);
  }
  const store = await openAt(file);
  const sessions = await Promise.all(ids.map((id) => store.get(id)));
  const kept = sessions.flatMap(({ entries }) => entries.map(({ id }) => id as string));
  const keptSet = new Set(kept);
  expect(acknowledged.flatMap((line) => line.split(" ")).filter((id) => !keptSet.has(id))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(800);
  // Nothing was stored twice or in part, and the index knows every entry.
  expect(keptSet.size).toBe(kept.length);
  for (const { entries } of sessions) expect(entries.length % 2).toBe(0);
  let hits = 0;
  for (let cursor: string | undefined; ; ) {
    const page = await store.search({ text: "message", limit: 200, cursor });
    hits += page.items.length;
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect(hits).toBe(kept.length);
});

/** Lists, counts, searches and follows until it is stopped; each of its calls has to succeed. */
function lookOn(store: Awaited<ReturnType<typeof openAt>>, id: SessionId) {
  let running = true;
  const emitted = (async () => {
    const changes = await store.watch({ id });
    let count = 0;
    for await (const _ of changes) if (!running || ++count > 1_000_000) break;
    return count;
  })();
  const looks = (async () => {
    let count = 0;
    for (let before = 0; running; count++) {
      const { entryCount } = await store.head(id);
      expect(entryCount).toBeGreaterThanOrEqual(before);
      before = entryCount;
      expect((await store.list({ filter: { tag: "t" }, limit: 5 })).items.length).toBeLessThanOrEqual(5);
      await store.count({ status: "active" });
      await store.search({ text: "message", limit: 5 });
      await setImmediate();
    }
    return count;
  })();
  return {
    async stop() {
      running = false;
      // What the watcher waits for.
      await store.update(id, {}, { at: 1 });
      return { looks: await looks, emitted: await emitted };
    },
  };
}

const APPENDS = process.env["SOAK"] === "1" ? 500 : 150;

test.each([
  ["one session", 1],
  ["eight sessions", 8],
])("eight processes append to %s, and none is refused", { timeout: 180_000 }, async (_, count) => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const ids: SessionId[] = [];
  for (let i = 0; i < count; i++) ids.push((await store.create(session({ tags: ["t"] }))).metadata.id);
  const looker = lookOn(store, ids[0] as SessionId);
  const children = Array.from({ length: 8 }, (_, i) =>
    startChild(writer.script, file, "full", `${APPENDS}`, "1", ids[i % count] as string),
  );
  // A writer that gets an error exits with another code, and prints it.
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual(Array(8).fill(0));
  const { looks, emitted } = await looker.stop();
  expect(looks).toBeGreaterThan(10);
  expect(emitted).toBeGreaterThan(1);
  const acknowledged = children.flatMap(({ lines }) => lines);
  expect(acknowledged).toHaveLength(8 * APPENDS);
  const kept = (await Promise.all(ids.map((id) => store.get(id)))).map(({ entries }) => entries);
  for (const entries of kept) expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i));
  expect(kept.flatMap((entries) => entries.map(({ id }) => id as string)).sort()).toEqual(
    acknowledged.sort(),
  );
  expect(await store.checkIntegrity()).toEqual([]);
});
