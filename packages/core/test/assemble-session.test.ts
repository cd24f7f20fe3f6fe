import { describe, expect, it } from "vitest";
import { MAX_PAGE, SessionManager } from "../src/index.ts";
import { MemoryStore } from "../src/store/memory-store.ts";
import { assembleSession, leastJsonLength, type SessionReads } from "../src/store.ts";
import { errorOf, makeEntry, makeSession, uuid } from "./make.ts";

const ID = uuid(1);

/** A session of so many entries, and how to read it; `meddle` is called after each page. */
async function stored(count: number, meddle: (store: MemoryStore, page: number) => unknown = () => {}) {
  const store = new MemoryStore();
  await store.create(
    makeSession(
      {},
      Array.from({ length: count }, (_, n) => makeEntry(n)),
    ),
  );
  let pages = 0;
  const reads: SessionReads = {
    head: () => store.head(ID),
    entriesAfter: async (after) => {
      const page = await store.readEntries(ID, { after, limit: MAX_PAGE });
      await meddle(store, ++pages);
      return page;
    },
  };
  return { store, reads, pages: () => pages };
}

describe("a session from its pages", () => {
  it.each([0, 1, MAX_PAGE, MAX_PAGE + 1, 3 * MAX_PAGE])("of %s entries is what get gives", async (count) => {
    const { store, reads } = await stored(count);
    expect(await assembleSession(reads)).toEqual(await store.get(ID));
  });

  it("is as it was at its head, whatever is appended meanwhile", async () => {
    const { store, reads, pages } = await stored(MAX_PAGE + 10, (store, page) =>
      store.append(ID, [makeEntry(10_000 + page)], { at: 1 }),
    );
    const before = await store.get(ID);
    expect(await assembleSession(reads)).toEqual(before);
    expect(pages()).toBe(2);
  });

  it("is read again when entries were dropped or replaced, and is never a mixture", async () => {
    const { store, reads } = await stored(2 * MAX_PAGE, async (store, page) => {
      if (page !== 1) return;
      await store.truncate(ID, 10, { at: 1 });
      await store.append(
        ID,
        Array.from({ length: 2 * MAX_PAGE }, (_, n) => makeEntry(5000 + n)),
        { at: 1 },
      );
    });
    expect(await assembleSession(reads)).toEqual(await store.get(ID));
  });

  it("is busy when entries are dropped again and again", async () => {
    const { reads } = await stored(10 * MAX_PAGE, async (store) => {
      const { entryCount } = await store.head(ID);
      await store.truncate(ID, entryCount - 1, { at: 1 });
    });
    expect(await errorOf(() => assembleSession(reads))).toMatchObject({
      code: "busy",
      details: { sessionId: ID },
    });
  });

  it("is refused above a length, without reading the rest", async () => {
    const { store, reads, pages } = await stored(5 * MAX_PAGE);
    const length = JSON.stringify((await store.get(ID)).entries).length;
    expect(await assembleSession(reads, 1.1 * length)).toEqual(await store.get(ID));
    expect(await errorOf(() => assembleSession(reads, length / 3))).toMatchObject({
      code: "unsupported",
      details: { sessionId: ID, field: "entries" },
    });
    expect(pages()).toBe(5 + 2);
    const manager = new SessionManager(store);
    expect(await errorOf(() => manager.loadSession(ID, { maxLength: length / 3 }))).toMatchObject({
      code: "unsupported",
    });
    expect(await manager.cachedSessionCount()).toBe(0);
    expect(await manager.loadSession(ID, { maxLength: 1.1 * length })).toEqual(await store.get(ID));
    expect(await manager.cachedSessionCount()).toBe(1);
  });
});

it("the rough length of JSON is about its length, and stops at a bound", () => {
  const value = { text: "x".repeat(1000), list: [1, true, null, "y", { a: {} }] };
  const exact = JSON.stringify(value).length;
  expect(Math.abs(leastJsonLength(value) - exact)).toBeLessThan(30);
  const large = Array.from({ length: 1000 }, () => value);
  const bounded = leastJsonLength(large, 5000);
  expect(bounded).toBeGreaterThan(5000);
  expect(bounded).toBeLessThan(10_000);
});
