import { expect, test } from "vitest";
import { type StoreChange, sessionIdSchema } from "../src/index.ts";
import { MemoryStore } from "../src/store/memory-store.ts";
import { SessionFeed } from "../src/subscription/session-feed.ts";
import { makeEntry, makeSession } from "./make.ts";

const ID = sessionIdSchema.parse("0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f");

/** A memory store that counts what it is asked. */
class CountingStore extends MemoryStore {
  reads = 0;
  watches = 0;
  ended = 0;

  override readEntries(
    ...args: Parameters<MemoryStore["readEntries"]>
  ): ReturnType<MemoryStore["readEntries"]> {
    this.reads++;
    return super.readEntries(...args);
  }

  override async watch(
    ...args: Parameters<MemoryStore["watch"]>
  ): Promise<AsyncIterableIterator<StoreChange>> {
    this.watches++;
    const changes = await super.watch(...args);
    const end = changes.return?.bind(changes);
    changes.return = async () => {
      this.ended++;
      return (await end?.()) ?? { done: true, value: undefined };
    };
    return changes;
  }
}

async function setUp() {
  const store = new CountingStore();
  await store.create({ ...makeSession({ id: ID }), entries: [makeEntry(1), makeEntry(2)] });
  const leaving = new AbortController();
  const join = (signal: AbortSignal = leaving.signal) => SessionFeed.join(store, ID, signal);
  return { store, join, signal: leaving.signal };
}

test("all followers share one watch, which ends with the last of them", async () => {
  const { store, join, signal } = await setUp();
  const feeds = await Promise.all([join(), join(), join()]);
  expect(new Set(feeds).size).toBe(1);
  expect(store.watches).toBe(1);
  feeds[0]?.leave(signal);
  feeds[1]?.leave(signal);
  expect(store.ended).toBe(0);
  feeds[2]?.leave(signal);
  await Promise.resolve();
  expect(store.ended).toBe(1);
  // Who comes later begins anew.
  expect(await join()).not.toBe(feeds[0]);
  expect(store.watches).toBe(2);
});

test("what is read after one change is read once, frozen; after the next one it is read again", async () => {
  const { store, join, signal } = await setUp();
  const feed = await join();
  const [a, b] = await Promise.all([feed.read({ limit: 10 }), feed.read({ limit: 10 })]);
  expect(a).toBe(b);
  expect(store.reads).toBe(1);
  expect(Object.isFrozen(a.items[0]?.content)).toBe(true);
  const { generation } = feed;
  await store.append(ID, [makeEntry(3)], { at: 1 });
  expect(await feed.changedSince(generation, signal)).toBe(true);
  expect((await feed.read({ limit: 10 })).items).toHaveLength(3);
  expect(store.reads).toBe(2);
});

test("a failed read is not cached", async () => {
  const { store, join } = await setUp();
  const feed = await join();
  const { readEntries } = store;
  store.readEntries = () => Promise.reject(new Error("once"));
  await expect(feed.read({ limit: 10 })).rejects.toThrow("once");
  store.readEntries = readEntries;
  expect((await feed.read({ limit: 10 })).items).toHaveLength(2);
});

test("waits through what it has read already, and until its own signal ends it", async () => {
  const { store, join, signal } = await setUp();
  const feed = await join();
  const mine = new AbortController();
  await join(mine.signal);
  const before = feed.generation;
  await store.append(ID, [makeEntry(3)], { at: 1 });
  // Seen at once, though those who wait are told a little later: that must wake nobody in vain.
  while (feed.generation === before) await Promise.resolve();
  let woken = false;
  const waiting = feed.changedSince(feed.generation, mine.signal).then((changed) => {
    woken = true;
    return changed;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(woken).toBe(false);
  mine.abort();
  expect(await waiting).toBe(false);
  const other = feed.changedSince(feed.generation, signal);
  await store.close();
  expect(await other).toBe(false);
});

test("a watch that cannot start fails for all who wait for it, and the next one starts it again", async () => {
  const { store, join } = await setUp();
  const { watch } = store;
  store.watch = () => Promise.reject(new Error("no watch"));
  await expect(Promise.allSettled([join(), join()])).resolves.toMatchObject([
    { status: "rejected" },
    { status: "rejected" },
  ]);
  store.watch = watch;
  expect(await join()).toBeInstanceOf(SessionFeed);
});
