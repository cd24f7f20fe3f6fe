import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isSessionError } from "@thulp-sessions/core";
import { expect, onTestFinished, test } from "vitest";
import { ChangeLog } from "../src/changes/change-log.ts";
import { checkOptions } from "../src/connection/options.ts";
import { openDatabase } from "../src/open/open.ts";
import { SqliteStore } from "../src/sqlite-store.ts";
import { AppendRows } from "../src/tables/append-rows.ts";
import { DeferredTimeIndex } from "../src/tables/deferred-time-index.ts";
import { GroupCommit } from "../src/write/group-commit.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

/** The number of transactions in the WAL: the last frame of each has the size of the database. */
function commitsIn(file: string): number {
  const wal = readFileSync(`${file}-wal`);
  const frame = 24 + wal.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= wal.length; at += frame) if (wal.readUInt32BE(at + 4) !== 0) commits++;
  return commits;
}

test("calls of one moment share a transaction, and one that fails takes no other with it", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file, { durability: "full" });
  const sessions = Array.from({ length: 64 }, () => session());
  await Promise.all(sessions.map((each) => store.create(each)));
  const before = commitsIn(file);
  const results = await Promise.allSettled(
    sessions.map(({ metadata }, i) =>
      store.append(metadata.id, [entry({ text: `entry ${i}` })], {
        at: 2000,
        ...(i % 8 === 3 ? { expectedVersion: "another" } : {}),
      }),
    ),
  );
  expect(commitsIn(file) - before).toBe(1);
  results.forEach((result, i) => {
    if (i % 8 !== 3) expect(result.status, String(i)).toBe("fulfilled");
    else
      expect(result.status === "rejected" && isSessionError(result.reason, "conflict"), String(i)).toBe(true);
  });
  for (const [i, { metadata }] of sessions.entries()) {
    expect((await store.get(metadata.id)).entries).toHaveLength(i % 8 === 3 ? 0 : 1);
  }
  // What was rolled back is not found either.
  expect((await store.search({ text: "entry", limit: 200 })).items).toHaveLength(56);
});

test("a lone call waits for no other", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file, { durability: "full" });
  const { metadata } = await store.create(session());
  const before = commitsIn(file);
  for (let i = 0; i < 20; i++) await store.append(metadata.id, [entry(i)], { at: 2000 });
  expect(commitsIn(file) - before).toBe(20);
});

test("calls of one group see each other's work, in their order", async () => {
  const store = await openAt(join(await tempFolder(), "sessions.db"));
  const given = session();
  const { id } = given.metadata;
  const [, first, second, third] = await Promise.all([
    store.create(given),
    store.append(id, [entry("one"), entry("two")], { at: 2000 }),
    store.truncate(id, 1, { at: 2000 }),
    store.append(id, [entry("three")], { at: 2000 }),
    store.update(id, { name: "four" }, { at: 2000 }),
  ]);
  expect([first.entryCount, second.entryCount, third.entryCount]).toEqual([2, 1, 2]);
  const { entries } = await store.get(id);
  expect(entries.map(({ content }) => content)).toEqual(["one", "three"]);
  const hits = async (text: string) => (await store.search({ text })).items.map(({ seq }) => seq);
  expect([await hits("one"), await hits("two"), await hits("three"), await hits("four")]).toEqual([
    [0],
    [],
    [1],
    [null],
  ]);
});

test("with durability full, retries and other calls with nothing to write are synced before they are answered", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file, { durability: "full" });
  const { metadata } = await store.create(session());
  const given = entry("once");
  await store.append(metadata.id, [given], { at: 2000 });
  // The first write may come from another process, which syncs less: the call needs a commit, and so a sync,
  // of its own.
  const calls = [
    () => store.append(metadata.id, [given], { at: 3000 }),
    () => store.truncate(metadata.id, 1, { at: 3000 }),
    () => store.delete(session().metadata.id),
  ];
  for (const call of calls) {
    const before = commitsIn(file);
    const { version } = await store.head(metadata.id);
    await call();
    expect(commitsIn(file) - before).toBe(1);
    expect((await store.head(metadata.id)).version).toBe(version);
  }
  // A refusal promises nothing.
  const before = commitsIn(file);
  await expect(store.append(metadata.id, [{ ...given, content: "twice" }], { at: 3000 })).rejects.toThrow();
  expect(commitsIn(file) - before).toBe(0);
});

test("an append or a creation that SQLite fails in the middle of takes no other with it, and nothing of it is kept", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const database = await openDatabase(checkOptions({ file }));
  const store = new SqliteStore(database, false);
  onTestFinished(() => store.close());
  const [one, two] = [session(), session()];
  for (const each of [one, two]) await store.create(each);
  // Of this connection alone: a trigger in the file would be refused.
  database.client.exec(`CREATE TEMP TRIGGER fails BEFORE INSERT ON main.entries
    WHEN new.content = '"fails"'
    BEGIN SELECT raise(ABORT, 'as the test wants it'); END`);
  const whole = session({}, [entry("whole")]);
  const half = session({}, [entry("half"), entry("fails")]);
  const append = ({ metadata }: typeof one, ...contents: string[]) =>
    store.append(
      metadata.id,
      contents.map((content) => entry(content)),
      { at: 2000 },
    );
  const results = await Promise.allSettled([
    append(one, "a"),
    append(one, "half", "fails"),
    append(two, "b"),
    append(two, "fails"),
    append(one, "c"),
    store.create(whole),
    store.create(half),
  ]);
  expect(results.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "rejected",
  ]);
  expect(results[1]).toMatchObject({ reason: { code: "io", details: { sessionId: one.metadata.id } } });
  const contents = async ({ metadata }: typeof one) =>
    (await store.get(metadata.id)).entries.map(({ content }) => content);
  expect([await contents(one), await contents(two)]).toEqual([["a", "c"], ["b"]]);
  expect((await store.head(one.metadata.id)).entryCount).toBe(2);
  expect(await contents(whole)).toEqual(["whole"]);
  await expect(store.head(half.metadata.id)).rejects.toMatchObject({ code: "not_found" });
  expect(await store.checkIntegrity()).toEqual([]);
});

async function commitsOnNewFile() {
  const database = await openDatabase(checkOptions({ file: join(await tempFolder(), "sessions.db") }));
  onTestFinished(() => {
    database.client.close();
  });
  let count = 0;
  const { client } = database;
  const commits = new GroupCommit(database, new ChangeLog(database), new AppendRows(database), () => count++);
  const run = <T>(work: () => T) => commits.run(session().metadata.id, () => ({ value: work() }));
  const addContext = (key: number) => client.prepare("INSERT INTO contexts VALUES (?, '{}')").run(key);
  const addSession = (key: number) =>
    client
      .prepare(
        "INSERT INTO sessions VALUES (?, ?, '', '', 'agent', '{}', 0, 0, 'active', '[]', NULL, 0, 0, 0, 0, 0, 0, 0, '0')",
      )
      .run(key, session().metadata.id);
  const countSessions = () => client.prepare("SELECT count(*) FROM sessions").pluck().get();
  return { database, client, commits, run, addContext, addSession, countSessions, count: () => count };
}

test("where the commit fails, none of the group is acknowledged", async () => {
  const { database, client, commits, run, addContext, addSession, countSessions, count } =
    await commitsOnNewFile();
  const version = database.dataVersion();
  const results = await Promise.allSettled([
    run(() => addSession(1)),
    commits.run(session().metadata.id, () => {
      client.pragma("defer_foreign_keys = ON");
      // Of no session, which only COMMIT detects.
      return { value: addContext(99), changed: "changed" };
    }),
    run(() => addSession(2)),
  ]);
  for (const result of results) {
    expect(result).toMatchObject({
      status: "rejected",
      reason: { code: "io", cause: { name: "SqliteError" } },
    });
  }
  expect(countSessions()).toBe(0);
  expect(count()).toBe(0);
  // What was cached before may not hold.
  expect(database.dataVersion()).not.toBe(version);
  await run(() => addSession(3));
  expect(countSessions()).toBe(1);
});

test("a transaction that was left open takes no group in: it is rolled back, and the group committed", async () => {
  const { client, run, addSession, countSessions } = await commitsOnNewFile();
  client.exec("BEGIN");
  addSession(1);
  await run(() => addSession(2));
  expect(client.inTransaction).toBe(false);
  expect(countSessions()).toBe(1);
});

test("what a call has written before it fails is rolled back, and nothing else", async () => {
  const { run, addSession, countSessions } = await commitsOnNewFile();
  const results = await Promise.allSettled([
    run(() => addSession(1)),
    run(() => {
      addSession(2);
      throw new Error("halfway");
    }),
    run(() => addSession(3)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(countSessions()).toBe(2);
});

test("a full disk is an io error for the call that needs room, and what was acknowledged stays", async () => {
  const { client, run, addSession, countSessions } = await commitsOnNewFile();
  await run(() => addSession(1));
  const pages = client.pragma("page_count", { simple: true });
  client.pragma(`max_page_count = ${pages}`);
  const tooMuch = run(() => {
    client.prepare("INSERT INTO contexts VALUES (1, ?)").run("x".repeat(100_000));
  });
  await expect(tooMuch).rejects.toMatchObject({
    code: "io",
    message: expect.stringContaining("disk is full"),
  });
  expect(countSessions()).toBe(1);
  client.pragma("max_page_count = 1000000");
  await run(() => addSession(2));
  expect(countSessions()).toBe(2);
});

test("the time index may be flushed in the group in which a pending session is changed otherwise", async () => {
  const { file, store, given } = await openPending();
  const { id } = given.metadata;
  const database = await openDatabase(checkOptions({ file }));
  onTestFinished(() => database.close());
  const log = new ChangeLog(database);
  const commits = new GroupCommit(database, log, new AppendRows(database), () => {});
  const timeIndex = new DeferredTimeIndex(database);
  const before = log.lastRevision();
  const [revision] = await Promise.all([
    commits.run(id, (value) => {
      database.client.prepare("UPDATE sessions SET name = 'new', revision = ? WHERE id = ?").run(value, id);
      return { value, changed: "changed" };
    }),
    commits.maintain(() => timeIndex.flush()),
  ]);
  expect(log.since(before)?.changes).toEqual([{ id, type: "changed", revision, isAppend: false }]);
  expect((await store.head(id)).metadata.name).toBe("new");
  expect(timeIndex.count()).toBe(0);
});

async function openPending() {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const given = session({}, [entry("hello")]);
  await store.create(given);
  await store.append(given.metadata.id, [entry("hello")], { at: 2000 });
  return { file, store, given };
}

test("a search finds a session whose entries are replaced by the same ones in the meantime, at every moment", async () => {
  const { store, given } = await openPending();
  const { id } = given.metadata;
  for (let turns = 0; turns < 40; turns++) {
    await store.append(id, [entry("hello")], { at: 2000 });
    const { version: _, ...stored } = await store.get(id);
    const found = store.search({ text: "hello" });
    for (let i = 0; i < turns; i++) await null;
    const replaced = store.replace(stored);
    expect((await found).items.length, String(turns)).toBeGreaterThan(0);
    await replaced;
  }
});
