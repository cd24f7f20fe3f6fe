import { copySessions, newUuid, type SessionId, type SessionStore } from "@thulp-sessions/core";
import { shardOf } from "@thulp-sessions/core/sharded";
import { expect, onTestFinished, test } from "vitest";
import { MISSING, newFolder, opened, schemas, writeList } from "./lists.ts";
import { createSession, entry } from "./sessions.ts";

async function folderOf(): Promise<string> {
  const { folder, dispose } = await newFolder();
  onTestFinished(dispose);
  return folder;
}

const sqlite = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, i) => `sqlite:${prefix}${i}.db`);

async function fill(store: SessionStore, count: number): Promise<readonly SessionId[]> {
  const ids = Array.from({ length: count }, () => newUuid() as SessionId);
  await Promise.all(ids.map((id, i) => createSession(store, id, i % 40)));
  // Something that is not as it was made: an epoch, a status, a context.
  for (const id of ids.slice(0, 10)) {
    await store.append(id, [entry("more")], { at: 50 });
    await store.truncate(id, 1, { at: 51 });
    await store.update(id, { tags: ["other"], setContext: { k: null } }, { at: 52 });
  }
  return ids;
}

/** Everything that can be asked, without what is each store's own: versions and epochs. */
async function answers(store: SessionStore, ids: readonly SessionId[]): Promise<unknown> {
  const sessions = await Promise.all(
    ids.map(async (id) => {
      const { version: _, epoch: __, ...rest } = await store.get(id);
      return rest;
    }),
  );
  return {
    sessions,
    updated: await pages((cursor) => store.list({ limit: 7, cursor })),
    created: await pages((cursor) =>
      store.list({ limit: 9, orderBy: "createdAt", direction: "asc", filter: { tag: "all" }, cursor }),
    ),
    heads: (await pages((cursor) => store.list({ limit: 11, heads: true, cursor }))).map((each) => {
      if ("damaged" in each) return each;
      const { version: _, epoch: __, ...rest } = each;
      return rest;
    }),
    hits: await pages((cursor) => store.search({ text: "needle", limit: 13, cursor })),
    ranked: (await store.search({ text: "needle", order: "rank", limit: 200 })).items.length,
    counts: [await store.count(), await store.count({ status: "active" })],
    tags: await pages((cursor) => store.count({}, { by: "tag", limit: 2, cursor })),
    agents: await store.count({ tag: "all" }, { by: "agentName" }),
  };
}

async function pages<T>(
  page: (cursor: string | undefined) => Promise<{ items: readonly T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const found: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const { items, nextCursor } = await page(cursor);
    found.push(...items);
    if (nextCursor === null) return found;
    cursor = nextCursor;
  }
}

test("from one database to 16, to 3 others and back: everything is equal", async () => {
  const folder = await folderOf();
  const one = await opened(`sqlite:${folder}/one.db`);
  const ids = await fill(one, 60);
  const before = await answers(one, ids);
  let from = one;
  for (const shards of [sqlite(16, "a"), ["fs:b0", "sqlite:b1.db", "fs:b2"], sqlite(1, "c")]) {
    const to = await opened(await writeList(folder, shards));
    expect(await copySessions(from, to)).toMatchObject({ copied: 60, conflicts: [], refused: [] });
    expect(await answers(to, ids)).toEqual(before);
    expect(await copySessions(from, to)).toMatchObject({ copied: 0, equal: 60 });
    from = to;
  }
  const back = await opened(`sqlite:${folder}/back.db`);
  await copySessions(from, back);
  expect(await answers(back, ids)).toEqual(before);
});

test("ranked hits are the best of all shards", async () => {
  const store = await opened(
    await writeList(await folderOf(), ["sqlite:0.db", "fs:1", "sqlite:2.db", "fs:3"]),
  );
  const ids = await fill(store, 30);
  const best = ["needle needle needle needle", "needle needle needle", "needle needle"];
  for (const [i, text] of best.entries()) await store.append(ids[i + 20] ?? "", [entry(text)], { at: 1 });
  const { items, nextCursor } = await store.search({ text: "needle", order: "rank", limit: 5 });
  expect(items.slice(0, 3).map(({ sessionId }) => sessionId)).toEqual(ids.slice(20, 23));
  expect([items.length, nextCursor]).toEqual([5, null]);
});

test("a copy of what has changed meanwhile finishes the move", async () => {
  const folder = await folderOf();
  const old = await opened(await writeList(folder, sqlite(2, "a")));
  const now = await opened(await writeList(folder, sqlite(5, "b")));
  const ids = await fill(old, 20);
  await copySessions(old, now);
  await old.append(ids[15] ?? "", [entry("late")], { at: 99 });
  const late = newUuid() as SessionId;
  await createSession(old, late, 98);
  expect(await copySessions(old, now, { onConflict: "newer" })).toMatchObject({
    copied: 1,
    replaced: 1,
    equal: 19,
    conflicts: [],
  });
  expect((await now.get(ids[15] ?? "")).entries).toHaveLength(3);
  expect(await now.count()).toBe(21);
});

test.skipIf(MISSING !== null)(
  `from SQLite to PostgreSQL and to other schemas${MISSING === null ? "" : ` (skipped: ${MISSING})`}`,
  async () => {
    const folder = await folderOf();
    const one = await opened(`sqlite:${folder}/one.db`);
    const ids = await fill(one, 60);
    const before = await answers(one, ids);
    let from = one;
    for (const shards of [schemas(4), schemas(3)]) {
      const to = await opened(await writeList(folder, shards));
      await copySessions(from, to);
      expect(await answers(to, ids)).toEqual(before);
      from = to;
    }
    for (const id of ids.slice(0, 5)) expect((await from.head(id)).metadata.id).toBe(id);
    expect(new Set(ids.map((id) => shardOf(id, 3))).size).toBe(3);
  },
);
