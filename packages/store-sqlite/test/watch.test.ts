import { join } from "node:path";
import type { StoreChange } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleChild, startChild } from "./child-process.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

let writer: Awaited<ReturnType<typeof bundleChild>>;
beforeAll(async () => {
  writer = await bundleChild("writer");
}, 30_000);
afterAll(() => writer.remove());

async function take(changes: AsyncIterator<StoreChange>, count: number): Promise<StoreChange[]> {
  const taken: StoreChange[] = [];
  while (taken.length < count) taken.push((await changes.next()).value);
  return taken;
}

test("what another store creates, changes and deletes is emitted; own changes once", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const [store, other] = [await openAt(file), await openAt(file)];
  const [mine, changed, deleted, created] = [session(), session(), session(), session()];
  for (const each of [mine, changed, deleted]) await other.create(each);
  const changes = await store.watch();
  await store.append(mine.metadata.id, [entry("own")], { at: 1 });
  expect(await take(changes, 1)).toEqual([{ type: "changed", id: mine.metadata.id }]);
  await other.create(created);
  await other.append(changed.metadata.id, [entry("theirs")], { at: 1 });
  await other.delete(deleted.metadata.id);
  // Neither an update without a later time nor one that is undone may be missed.
  const emitted = await take(changes, 3);
  expect(emitted).toContainEqual({ type: "created", id: created.metadata.id });
  expect(emitted).toContainEqual({ type: "changed", id: changed.metadata.id });
  expect(emitted).toContainEqual({ type: "deleted", id: deleted.metadata.id });
  // The own change was not emitted again: the next one is this.
  await other.update(mine.metadata.id, { name: "new" }, { at: 1 });
  expect(await take(changes, 1)).toEqual([{ type: "changed", id: mine.metadata.id }]);
  await changes.return?.();
});

test("the first changes of an empty file are emitted one by one", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const [store, other] = [await openAt(file), await openAt(file)];
  const changes = await store.watch();
  const [first, second] = [session(), session()];
  // One group, in which the changes of a session become one.
  await Promise.all([
    other.create(first),
    other.append(first.metadata.id, [entry("one")], { at: 1 }),
    other.update(first.metadata.id, { name: "new" }, { at: 1 }),
    other.create(second),
    other.delete(second.metadata.id),
  ]);
  expect(await take(changes, 2)).toEqual([
    { type: "created", id: first.metadata.id },
    { type: "deleted", id: second.metadata.id },
  ]);
});

test("earlier changes are not emitted, those of another process are", { timeout: 30_000 }, async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const { metadata } = await store.create(session());
  const changes = await store.watch({ id: metadata.id });
  const child = startChild(writer.script, file, "relaxed", "3", "1", metadata.id);
  const [first] = await take(changes, 1);
  expect(first).toEqual({ type: "changed", id: metadata.id });
  expect(await child.ended).toBe(0);
});

test("a watcher that has missed more than the log has is reset", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const { metadata } = await store.create(session());
  const changes = await store.watch();
  // What a busy process does to the log between two polls.
  const other = new Sqlite(file);
  other.exec(`
    BEGIN;
    INSERT INTO changes SELECT seq + 20000, session_id, type FROM changes ORDER BY seq DESC LIMIT 1;
    DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes);
    COMMIT`);
  other.close();
  expect(await take(changes, 1)).toEqual([{ type: "reset" }]);
  const handle = await openAt(file);
  await handle.append(metadata.id, [entry("later")], { at: 1 });
  expect(await take(changes, 1)).toEqual([{ type: "changed", id: metadata.id }]);
});

test("the change log stays short, and no version is used twice", { timeout: 60_000 }, async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const given = session();
  const { id } = given.metadata;
  const versions = new Set<string>();
  for (let round = 0; round < 12; round++) {
    versions.add((await store.create(given)).version);
    const updates = Array.from({ length: 1000 }, () => store.update(id, {}, { at: 1 }));
    for (const { version } of await Promise.all(updates)) versions.add(version);
    await store.delete(id);
  }
  expect(versions.size).toBe(12 * 1001);
  const client = new Sqlite(file, { readonly: true });
  const { rows, span } = client
    .prepare<[], { rows: number; span: number }>(
      "SELECT count(*) rows, max(seq) - min(seq) span FROM changes",
    )
    .get() ?? { rows: 0, span: 0 };
  client.close();
  expect(rows).toBeGreaterThan(0);
  expect(span).toBeLessThan(11_500);
});
