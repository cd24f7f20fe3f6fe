import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { ChangeLog } from "../src/changes/change-log.ts";
import { checkOptions } from "../src/connection/options.ts";
import { openDatabase } from "../src/open/open.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

// What appends defer, seen from outside: pending sessions in the time index, and rows that wait for the index
// for search.

function openToRead(file: string) {
  const client = new Sqlite(file, { readonly: true });
  onTestFinished(() => {
    client.close();
  });
  const pending = client.prepare<[], number>("SELECT count(*) FROM sessions WHERE moving = 1").pluck();
  const waiting = client
    .prepare<[], number>(
      "SELECT (SELECT coalesce(max(key), 0) FROM entries) - entry_key FROM search_progress",
    )
    .pluck();
  return { pending: () => pending.get() ?? 0, waiting: () => waiting.get() ?? 0 };
}

/** Resolves when it holds; the test's timeout ends it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

test("an append leaves its session pending and its entry waiting, until nothing is written for a while", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const { metadata } = await store.create(session({ tags: ["a"], updatedAt: 1000 }));
  await store.create(session({ tags: ["a"], updatedAt: 1500 }));
  const deferred = openToRead(file);
  const times = async () =>
    (await store.list({ filter: { tag: "a" } })).items.map(({ updatedAt }) => updatedAt);
  await store.append(metadata.id, [entry("alpha")], { at: 2000 });
  expect([deferred.pending(), deferred.waiting()]).toEqual([1, 1]);
  expect(await times()).toEqual([2000, 1500]);
  await until(() => deferred.pending() === 0 && deferred.waiting() === 0);
  expect(await times()).toEqual([2000, 1500]);
});

test("with indexLater the index is left to the next search, however much waits", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file, { indexLater: true });
  const entries = Array.from({ length: 21_000 }, (_, i) => entry(i === 0 ? "alpha" : i));
  const { metadata } = await store.create(session({}, entries));
  const deferred = openToRead(file);
  await store.append(metadata.id, [entry("alpha")], { at: 2000 });
  await until(() => deferred.pending() === 0);
  expect(deferred.waiting()).toBe(21_001);
  expect((await store.search({ text: "alpha" })).items).toHaveLength(2);
  expect(deferred.waiting()).toBe(0);
});

test("rows that get the keys of deleted ones are indexed", async () => {
  const store = await openAt(join(await tempFolder(), "sessions.db"));
  const given = session({ name: "gamma" }, [entry("alpha"), entry("alpha")]);
  const { id } = given.metadata;
  const count = async (text: string) => (await store.search({ text })).items.length;
  await store.create(given);
  expect(await count("alpha")).toBe(2);
  await store.truncate(id, 1, { at: 2000 });
  await store.append(id, [entry("beta")], { at: 2000 });
  expect([await count("alpha"), await count("beta")]).toEqual([1, 1]);
  await store.delete(id);
  await store.create(session({ name: "delta" }, [entry("epsilon")]));
  expect([await count("alpha"), await count("gamma"), await count("delta"), await count("epsilon")]).toEqual([
    0, 0, 1, 1,
  ]);
});

test("a search indexes what waits, and leaves sessions pending", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const { metadata } = await store.create(session());
  const deferred = openToRead(file);
  await store.append(metadata.id, [entry("alpha"), entry("beta")], { at: 2000 });
  expect((await store.search({ text: "beta" })).items).toHaveLength(1);
  expect([deferred.pending(), deferred.waiting()]).toEqual([1, 0]);
});

test("with too many pending sessions the time index is flushed, though writes go on", {
  timeout: 30_000,
}, async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const deferred = openToRead(file);
  const sessions = Array.from({ length: 300 }, () => session());
  await Promise.all(sessions.map((each) => store.create(each)));
  const append = ({ metadata }: (typeof sessions)[number], i: number) =>
    store.append(metadata.id, [entry(i)], { at: 2000 + i });
  await Promise.all(sessions.slice(0, 256).map(append));
  expect(deferred.pending()).toBe(256);
  await append(sessions[256] as (typeof sessions)[number], 256);
  // Without a pause in which the store could take itself for idle.
  while (deferred.pending() > 1) await append(sessions[299] as (typeof sessions)[number], 299);
  expect((await store.list({ limit: 1000 })).items.map(({ updatedAt }) => updatedAt)).toEqual(
    sessions.map((_, i) => (i === 299 || i <= 256 ? 2000 + i : 1000)).sort((a, b) => b - a),
  );
});

test("what processes leave behind that end immediately does not add up", { timeout: 30_000 }, async () => {
  const file = join(await tempFolder(), "sessions.db");
  const first = await openAt(file);
  const sessions = Array.from({ length: 270 }, () => session());
  await Promise.all(sessions.map((each) => first.create(each)));
  await first.close();
  const { pending } = openToRead(file);
  for (const { metadata } of sessions) {
    const store = await openAt(file);
    await store.append(metadata.id, [entry("x")], { at: 2000 });
    await store.close();
    if (pending() < 10) return;
  }
  expect.unreachable("the time index was never flushed");
});

test("with too many rows waiting they are indexed, though nobody searches", { timeout: 60_000 }, async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const { metadata } = await store.create(session());
  const deferred = openToRead(file);
  for (let i = 0; i < 21; i++) {
    await store.append(
      metadata.id,
      Array.from({ length: 1000 }, () => entry("x")),
      { at: 2000 },
    );
    if (i === 19) expect(deferred.waiting()).toBe(20_000);
  }
  // Without a pause in which the store could take itself for idle.
  while (deferred.waiting() > 1000) await store.append(metadata.id, [entry("x")], { at: 2000 });
});

test("the change log has an append once, before the time index is flushed and after", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const [appended, updated] = [session(), session()];
  await Promise.all([store.create(appended), store.create(updated)]);
  const database = await openDatabase(checkOptions({ file }));
  onTestFinished(() => database.close());
  const log = new ChangeLog(database);
  const deferred = openToRead(file);
  const before = log.lastRevision();
  await store.append(appended.metadata.id, [entry("alpha")], { at: 2000 });
  // Its last change is no append, and so is logged already.
  await store.append(updated.metadata.id, [entry("beta")], { at: 2000 });
  await store.update(updated.metadata.id, { name: "new" }, { at: 2000 });
  const logged = () =>
    log.since(before)?.changes.map(({ id, type, revision }) => [id, type, revision - before]);
  const wanted = [
    [appended.metadata.id, "changed", 1],
    [updated.metadata.id, "changed", 3],
  ];
  expect(deferred.pending()).toBe(2);
  expect(logged()).toEqual(wanted);
  expect(log.lastRevision()).toBe(before + 3);
  await until(() => deferred.pending() === 0);
  expect(logged()).toEqual(wanted);
  expect(log.lastRevision()).toBe(before + 3);
});
