import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MemoryStore } from "@thulp-sessions/core/memory";
import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

/** Another connection, as another process would have it, that holds the lock for writing. */
function holdLock(file: string): { release(): void } {
  const client = new Sqlite(file, { timeout: 0 });
  onTestFinished(() => {
    client.close();
  });
  client.exec("BEGIN IMMEDIATE");
  return { release: () => client.exec("ROLLBACK") };
}

test("the lock of another process is waited for without blocking the event loop", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const { metadata } = await store.create(session());
  const lock = holdLock(file);
  const append = store.append(metadata.id, [entry("late")], { at: 1 });
  // Released by the event loop itself: a wait inside SQLite would never end.
  let ticks = 0;
  const ticking = setInterval(() => {
    if (++ticks === 20) lock.release();
  }, 2);
  onTestFinished(() => clearInterval(ticking));
  // Readers need no lock.
  expect((await store.head(metadata.id)).entryCount).toBe(0);
  expect(ticks).toBeLessThan(20);
  expect((await append).entryCount).toBe(1);
  expect(ticks).toBeGreaterThanOrEqual(20);
});

test("after the timeout: busy, with the file and nothing done", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file, { busyTimeoutMs: 50 });
  const { metadata } = await store.create(session());
  const lock = holdLock(file);
  const results = await Promise.allSettled([
    store.append(metadata.id, [entry("one")], { at: 1 }),
    store.create(session()),
    store.delete(metadata.id),
  ]);
  for (const result of results) {
    expect(result).toMatchObject({
      status: "rejected",
      reason: {
        code: "busy",
        message: expect.stringContaining(file),
        details: { path: file },
        cause: { code: "SQLITE_BUSY" },
      },
    });
  }
  lock.release();
  expect((await store.head(metadata.id)).entryCount).toBe(0);
  expect(await store.count()).toBe(1);
});

test("closing waits for calls that wait for a lock", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const given = session();
  const lock = holdLock(file);
  const creating = store.create(given);
  const closing = store.close();
  await sleep(20);
  lock.release();
  await Promise.all([creating, closing]);
  expect(await (await openAt(file)).count()).toBe(1);
});

test("a new file that another process is just creating is waited for, until the timeout", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const other = new Sqlite(file);
  onTestFinished(() => {
    other.close();
  });
  other.exec("BEGIN EXCLUSIVE");
  await expect(openSqliteStore({ file, busyTimeoutMs: 30 })).rejects.toMatchObject({
    code: "busy",
    details: { path: file },
  });
  const opening = openAt(file);
  await sleep(20);
  other.exec("ROLLBACK");
  expect(await (await opening).count()).toBe(0);
});

test("time in which this process itself was stalled does not count as waiting", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file, { busyTimeoutMs: 200 });
  const { metadata } = await store.create(session());
  const lock = holdLock(file);
  const append = store.append(metadata.id, [entry("after all")], { at: 1 });
  setTimeout(() => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    setTimeout(() => lock.release(), 30);
  }, 5);
  expect((await append).entryCount).toBe(1);
});

test("where the index is behind and nothing can be written, a search reads the sessions, and finds the same", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file, { busyTimeoutMs: 20 });
  const model = new MemoryStore();
  for (let i = 0; i < 12; i++) {
    const given = session(
      { name: i % 4 ? "x" : "alpha", tags: i % 3 ? [] : ["t"], updatedAt: 1000 + (i >> 1) },
      [entry("alpha"), entry("beta alpha", { type: "assistant_message" })],
    );
    for (const each of [store, model]) await each.create(given);
    if (i === 5) await store.search({ text: "alpha" });
  }
  const lock = holdLock(file);
  for (const query of [
    { text: "alpha", limit: 200 },
    { text: "alpha beta", filter: { tag: "t" } },
    { text: "alpha", types: ["user_message" as const], limit: 3 },
  ]) {
    const [found, wanted] = [await store.search(query), await model.search(query)];
    expect(found.items).toEqual(wanted.items);
    expect(found.nextCursor === null).toBe(wanted.nextCursor === null);
  }
  lock.release();
});
