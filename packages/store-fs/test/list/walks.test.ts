import fs from "node:fs";
import {
  type ListQuery,
  newUuid,
  type Session,
  type SessionId,
  SessionManager,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { LazySort } from "../../src/list/lazy-sort.ts";
import { temporaryFolder } from "../temporary-folder.ts";

// A walk over all pages of a list costs a look at every file once, and what nobody touches meanwhile comes
// exactly once.

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function sessionOf(number: number, change: Partial<SessionMetadata> = {}): Session {
  const sessionType = { type: "agent", agentName: "a" } as const;
  const times = { createdAt: 1_000 + ((number * 7) % 50), updatedAt: 5_000 + ((number * 13) % 40) };
  const rest = { status: "active", tags: [], parentSession: null } as const;
  const metadata = {
    id: newUuid() as SessionId,
    name: `s${number}`,
    sessionType,
    ...times,
    ...rest,
    ...change,
  };
  return { metadata, entries: [], context: {} };
}

async function folderOf(count: number) {
  const dir = temporaryFolder();
  const store = await open(dir);
  const sessions = Array.from({ length: count }, (_, i) => sessionOf(i));
  for (const session of sessions) await store.create(session);
  return { dir, store, ids: sessions.map(({ metadata }) => metadata.id as string) };
}

async function open(dir: string) {
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  return store;
}

async function* pagesOf(store: SessionStore, query: ListQuery) {
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<SessionStore["list"]>> = await store.list({
      ...query,
      ...(cursor === null ? {} : { cursor }),
    });
    yield page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

const orders = (["updatedAt", "createdAt"] as const).flatMap((orderBy) =>
  (["asc", "desc"] as const).map((direction) => ({ orderBy, direction })),
);

function isInOrder(items: readonly SessionMetadata[], { orderBy, direction }: (typeof orders)[number]) {
  const sorted = items.toSorted((a, b) => a[orderBy] - b[orderBy] || (a.id < b.id ? -1 : 1));
  return JSON.stringify(items) === JSON.stringify(direction === "asc" ? sorted : sorted.toReversed());
}

test.each(orders)("a walk by $orderBy $direction looks at every file once", async (order) => {
  const { dir, ids } = await folderOf(300);
  const store = await open(dir);
  await store.list();
  // What was written a moment ago is read again.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await store.list();
  const look = vi.spyOn(fs, "lstatSync");
  const read = vi.spyOn(fs, "openSync");
  const items: SessionMetadata[] = [];
  for await (const page of pagesOf(store, { ...order, limit: 7 })) items.push(...page);
  expect(items.map(({ id }) => id as string).sort()).toEqual(ids.sort());
  expect(isInOrder(items, order)).toBe(true);
  expect(look.mock.calls.filter(([path]) => String(path).endsWith(".json"))).toHaveLength(300);
  expect(read.mock.calls.filter(([path]) => String(path).endsWith(".json"))).toHaveLength(0);
  look.mockClear();
  await new SessionManager(store).listSessions({ status: "active" });
  await store.count({ status: "active" });
  expect(look.mock.calls.filter(([path]) => String(path).endsWith(".json"))).toHaveLength(600);
  // Also for those who compare texts: the fields stand in one order, wherever they come from.
  const { metadata } = await store.head(items[0]?.id as string);
  expect(JSON.stringify(items[0])).toBe(JSON.stringify(metadata));
});

describe.each(orders)("during a walk by $orderBy $direction", (order) => {
  test("what nobody touches comes once, whatever this store and another do to the others", async () => {
    const { dir, store, ids } = await folderOf(120);
    const other = await open(dir);
    const touched = new Set<string>();
    const found: SessionMetadata[] = [];
    let step = 0;
    for await (const page of pagesOf(store, { ...order, limit: 10 })) {
      found.push(...page);
      const next = () => ids[(step++ * 17) % ids.length] as string;
      for (const writer of [store, other]) {
        const [updated, deleted, created] = [next(), next(), sessionOf(1_000 + step)];
        for (const id of [updated, deleted, created.metadata.id]) touched.add(id);
        await writer.update(updated, { name: "changed" }, { at: 6_000 + step }).catch(() => {});
        await writer.delete(deleted);
        await writer.create(created);
      }
    }
    const given = found.map(({ id }) => id as string);
    expect(new Set(given).size).toBe(given.length);
    const untouched = ids.filter((id) => !touched.has(id));
    expect(untouched.length).toBeGreaterThan(20);
    expect(given.filter((id) => !touched.has(id)).sort()).toEqual(untouched.sort());
    expect(
      isInOrder(
        found.filter(({ id }) => !touched.has(id)),
        order,
      ),
    ).toBe(true);
  });

  test("what this store has removed or changed is not given as it was", async () => {
    const { store, ids } = await folderOf(60);
    const walk = pagesOf(store, { ...order, limit: 5 });
    const first = (await walk.next()).value as SessionMetadata[];
    const rest = ids.filter((id) => !first.some((each) => each.id === id));
    const [removed, renamed] = rest as [string, string];
    await store.delete(removed);
    await store.update(renamed, { name: "new name" }, { at: 5_000 });
    const items: SessionMetadata[] = [];
    for await (const page of walk) items.push(...page);
    expect(items.map(({ id }) => id)).not.toContain(removed);
    const given = items.filter(({ id }) => id === renamed);
    // By `updatedAt`, newest first, it stands before what was given already.
    if (order.orderBy === "createdAt" || order.direction === "asc")
      expect(given).toMatchObject([{ name: "new name" }]);
    else expect(given.every(({ name }) => name === "new name")).toBe(true);
    expect(isInOrder(items, order)).toBe(true);
  });

  test("it goes on in another store, and after its order was forgotten", async () => {
    const { dir, store, ids } = await folderOf(50);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { items, nextCursor } = await store.list({ ...order, limit: 20 });
    const cursor = nextCursor as string;
    const here = await store.list({ ...order, limit: 1_000, cursor });
    const again = await store.list({ ...order, limit: 1_000, cursor });
    vi.advanceTimersByTime(10 * 60_000);
    const later = await store.list({ ...order, limit: 1_000, cursor });
    const elsewhere = await (await open(dir)).list({ ...order, limit: 1_000, cursor });
    for (const page of [again, later, elsewhere]) expect(page).toEqual(here);
    expect([...items, ...here.items].map(({ id }) => id as string).sort()).toEqual(ids.sort());
  });
});

test("what another process has changed before a walk began is seen by all its pages", async () => {
  const { dir, store, ids } = await folderOf(30);
  const other = await open(dir);
  for (let round = 0; round < 20; round++) {
    await other.update(ids[round] as string, { name: `round ${round}` }, { at: 5_000 + round });
    const names: string[] = [];
    for await (const page of pagesOf(store, { limit: 4 })) names.push(...page.map(({ name }) => name));
    expect(names).toHaveLength(30);
    expect(names).toContain(`round ${round}`);
  }
});

test("a lazy sort gives what a sort gives, from wherever it is asked", () => {
  let seed = 3;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  for (let round = 0; round < 300; round++) {
    const items = Array.from({ length: below(40) }, () => below(60) * 1_000 + below(1_000));
    const lazy = new LazySort([...items], (a, b) => a - b);
    let model = items.toSorted((a, b) => a - b);
    for (let step = 0; step < 30; step++) {
      const place = below(model.length + 2);
      const value = below(60_000);
      if (below(2) === 0) expect(lazy.at(place)).toBe(model[place]);
      else {
        const behind = model.findIndex((item) => item > value);
        expect(lazy.placeOf((item) => item > value)).toBe(behind < 0 ? model.length : behind);
      }
      const change = below(8);
      if (change < 2) {
        lazy.add(value);
        model = [...model, value].toSorted((a, b) => a - b);
      } else if (change < 4 && lazy.at(place) !== undefined) {
        lazy.remove(place);
        model = model.toSpliced(place, 1);
      }
    }
    expect([...lazy]).toEqual(model);
  }
});

test("the first lists of a store that is written to all the time hold on to no more than their bound", async () => {
  const { store } = await folderOf(60);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  // Walks that nobody goes on with are forgotten.
  for (let i = 0; i < 50; i++) await store.list({ limit: 1 });
  expect(vi.getTimerCount()).toBeLessThanOrEqual(50);
  vi.advanceTimersByTime(61_000);
  expect(vi.getTimerCount()).toBe(0);
});
