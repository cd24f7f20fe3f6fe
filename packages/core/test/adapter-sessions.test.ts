import type { SessionStore } from "@thulp-sessions/core";
import {
  appendOrCreate,
  entryPages,
  idFromNames,
  keyNames,
  keyTag,
  sessionPages,
  wellFormed,
} from "@thulp-sessions/core/adapter";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, test } from "vitest";
import { errorOf, makeEntry, makeMetadata, makeSession, uuid } from "./make.ts";

const { createdAt: _c, updatedAt: _u, status: _s, ...SESSION } = makeMetadata();

describe("ids from names", () => {
  test("stay what they are for ever", () => {
    expect(idFromNames("langgraph", "thread-1")).toBe("0f91c6e9-f6ab-5c72-a773-73075a58a7e0");
    expect(idFromNames("item", "")).toBe("1df8604a-eb9e-54ed-94e4-4ff58c159de5");
    expect(idFromNames("claude-agent-sdk", "project", "\ud83d")).toBe("53276d51-4701-57a6-821c-48aa679ed3e9");
  });

  test("differ where names or kinds do", () => {
    const ids = [
      idFromNames("a", "b", "c"),
      idFromNames("a", "bc"),
      idFromNames("a", "b,c"),
      idFromNames("ab", "c"),
      idFromNames("a"),
      idFromNames("a", ""),
      idFromNames("a", "\ud83d"),
      idFromNames("a", "\ufffd"),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("any kind and name is taken by a store", async () => {
    const store = new MemoryStore();
    for (const name of ["", "\ud83d", "x".repeat(200_000), "é".repeat(40_000), '"]'])
      await store.create(
        makeSession({
          id: idFromNames("test", name) as typeof SESSION.id,
          name: wellFormed(name),
          tags: [keyTag("test", name), wellFormed(name)],
        }),
      );
    expect(await store.count({ tag: keyTag("test", "x".repeat(200_000)) })).toBe(1);
    expect(keyTag("test", "a", 'b"')).toBe('test:key:["a","b\\""]');
    expect(wellFormed("a\ud83d")).toBe("a\ufffd");
    for (const names of [["a", 'b"'], [""], ["\ud83d", "]"]])
      expect(keyNames("test", ["x", keyTag("test", ...names)])).toEqual(names);
    const others = [
      "x",
      keyTag("other", "a"),
      "test:key:[1]",
      "test:key:[",
      keyTag("test", "x".repeat(70_000)),
    ];
    for (const tag of others) expect(keyNames("test", [tag])).toBe(undefined);
  });
});

describe("append or create", () => {
  test("makes the session with its entries, then appends, and repeats nothing", async () => {
    const store = new MemoryStore();
    const first = await appendOrCreate(store, SESSION, [makeEntry(1)], { at: 5, setContext: { a: 1 } });
    expect(first).toMatchObject({ created: true, added: 1, entryCount: 1, updatedAt: 5 });
    expect(await store.head(SESSION.id)).toMatchObject({
      metadata: { ...SESSION, createdAt: 5, updatedAt: 5, status: "active" },
      context: { a: 1 },
      version: first.version,
    });
    const second = await appendOrCreate(store, SESSION, [makeEntry(1), makeEntry(2)], { at: 7 });
    expect(second).toMatchObject({ created: false, added: 1, entryCount: 2, updatedAt: 7 });
    expect(await appendOrCreate(store, SESSION, [makeEntry(2)], { at: 9 })).toEqual({ ...second, added: 0 });
  });

  test("of many at the same moment none is lost", async () => {
    const store = new MemoryStore();
    const all = Array.from({ length: 50 }, (_, i) => makeEntry(i));
    const results = await Promise.all(all.map((entry) => appendOrCreate(store, SESSION, [entry], { at: 1 })));
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect((await store.get(SESSION.id)).entries.map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id));
  });

  test("of entries with one id the first is stored, another one is a conflict", async () => {
    const store = new MemoryStore();
    const twice = [makeEntry(1), makeEntry(1)];
    expect(await appendOrCreate(store, SESSION, twice, { at: 1 })).toMatchObject({ added: 1, entryCount: 1 });
    const other = { ...SESSION, id: uuid(2) };
    const error = await errorOf(() =>
      appendOrCreate(store, other, [makeEntry(1), makeEntry(1, "other")], { at: 1 }),
    );
    expect(error.code).toBe("conflict");
  });

  test("fails with what the store fails with", async () => {
    const store = new MemoryStore();
    const bad = { ...SESSION, id: "no id" as typeof SESSION.id };
    expect((await errorOf(() => appendOrCreate(store, bad, [], { at: 1 }))).code).toBe("invalid_input");
    await store.close();
    expect((await errorOf(() => appendOrCreate(store, SESSION, [], { at: 1 }))).code).toBe("closed");
  });
});

describe("pages", () => {
  test("hold every session of a filter, the oldest first", async () => {
    const store = new MemoryStore();
    for (let i = 1; i <= 1500; i++)
      await store.create(makeSession({ id: uuid(i), createdAt: 5000 - i, tags: i % 2 ? ["odd"] : [] }));
    const pages = [];
    for await (const page of sessionPages(store, { tag: "odd" })) pages.push(page.map(({ id }) => id));
    expect(pages).toEqual([Array.from({ length: 750 }, (_, i) => uuid(1499 - 2 * i))]);
  });

  test("hold every entry after a place, and end where entries are dropped", async () => {
    const store: SessionStore = new MemoryStore();
    const all = Array.from({ length: 2500 }, (_, i) => makeEntry(i));
    await store.create(makeSession({}, all));
    const from = async (after: number) => {
      const seqs: number[] = [];
      for await (const { items } of entryPages(store, uuid(1), after))
        seqs.push(...items.map(({ seq }) => seq));
      return seqs;
    };
    expect(await from(-1)).toEqual(all.map((_, i) => i));
    expect(await from(2497)).toEqual([2498, 2499]);
    expect(await from(2499)).toEqual([]);
    const error = await errorOf(async () => {
      for await (const { items } of entryPages(store, uuid(1), -1))
        if (items[0]?.seq === 0) await store.truncate(uuid(1), 2400, { at: 9000 });
    });
    expect(error.code).toBe("conflict");
  });
});
