import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { entry, session } from "./session-data.ts";
import { tempFolder } from "./temp-store.ts";

// An application's tests may fake the timers of the whole process. The store used to look up `setImmediate`
// at each call, and so waited for a turn of the event loop that nobody would ever give it.

afterEach(() => {
  vi.useRealTimers();
});

test("under fake timers every call resolves", { timeout: 5000 }, async () => {
  const file = join(await tempFolder(), "sessions.db");
  vi.useFakeTimers();
  const store = await openSqliteStore({ file });
  const given = session({}, [entry("one")]);
  const { id } = given.metadata;
  await store.create(given);
  expect((await store.append(id, [entry("two")], { at: 2000 })).entryCount).toBe(2);
  await store.update(id, { name: "new" }, { at: 3000 });
  expect((await store.list()).items.map(({ name }) => name)).toEqual(["new"]);
  expect((await store.get(id)).entries.map(({ content }) => content)).toEqual(["one", "two"]);
  expect((await store.search({ text: "two" })).items).toHaveLength(1);
  expect(await store.checkIntegrity()).toEqual([]);
  expect(await store.delete(id)).toBe(true);
  await store.close();
});

test("under fake timers a lock is waited for, and no longer than the timeout", {
  timeout: 5000,
}, async () => {
  const file = join(await tempFolder(), "sessions.db");
  vi.useFakeTimers();
  const store = await openSqliteStore({ file, busyTimeoutMs: 50 });
  const client = new Sqlite(file, { timeout: 0 });
  onTestFinished(() => {
    client.close();
  });
  client.exec("BEGIN IMMEDIATE");
  await expect(store.create(session())).rejects.toMatchObject({ code: "busy" });
  client.exec("ROLLBACK");
  await store.create(session());
  expect(await store.count()).toBe(1);
  await store.close();
});
