import { allSessions, type SessionMetadata } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { byNewest } from "@thulp-sessions/core/store";
import { expect, test } from "vitest";
import { makeSession, uuid } from "./make.ts";

async function storeOf(count: number): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (let n = 0; n < count; n++)
    await store.create(makeSession({ id: uuid(n), createdAt: n, updatedAt: 100 - n }));
  return store;
}

async function collect(sessions: AsyncIterable<SessionMetadata>): Promise<SessionMetadata[]> {
  const all: SessionMetadata[] = [];
  for await (const session of sessions) all.push(session);
  return all;
}

test("allSessions gives every session of the query, over all pages, in its order", async () => {
  const store = await storeOf(7);
  const newest = (await store.list()).items;
  expect(newest.length).toBe(7);
  for (const limit of [1, 3, 7, 100]) expect(await collect(allSessions(store, { limit }))).toEqual(newest);
  const query = { filter: { createdAfter: 2 }, orderBy: "createdAt", direction: "asc", limit: 2 } as const;
  expect((await collect(allSessions(store, query))).map(({ createdAt }) => createdAt)).toEqual([3, 4, 5, 6]);
  expect(await collect(allSessions(new MemoryStore()))).toEqual([]);
});

test("allSessions reads no page that nobody asks for", async () => {
  const store = await storeOf(6);
  const pages: unknown[] = [];
  const counting = {
    list: (query: object | undefined) => {
      pages.push(query);
      return store.list(query);
    },
  };
  for await (const _ of allSessions(counting, { limit: 2 })) if (pages.length === 2) break;
  expect(pages.length).toBe(2);
});

test("byNewest orders as list does, sessions of one time included", async () => {
  const store = new MemoryStore();
  for (const n of [3, 1, 4, 2, 5]) await store.create(makeSession({ id: uuid(n), updatedAt: n % 2 }));
  const { items } = await store.list();
  expect(items.toReversed().sort(byNewest)).toEqual(items);
  expect(byNewest(items[0] as SessionMetadata, items[0] as SessionMetadata)).toBe(0);
});
