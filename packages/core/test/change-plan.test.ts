import { MemoryStore } from "@thulp-sessions/core/memory";
import { changedContext, changedMetadata, checkTruncate, nextUpdatedAt } from "@thulp-sessions/core/store";
import { describe, expect, test } from "vitest";
import { errorOf, makeEntry, makeMetadata, makeSession, uuid } from "./make.ts";

describe("the context after a change", () => {
  const context = JSON.parse('{"a":1,"b":2,"__proto__":3}');

  test.each([
    [{}, '{"a":1,"b":2,"__proto__":3}'],
    [{ setContext: { a: 9, c: 4 } }, '{"a":9,"b":2,"__proto__":3,"c":4}'],
    [{ removeContext: ["a", "x"] }, '{"b":2,"__proto__":3}'],
    [{ removeContext: ["__proto__"] }, '{"a":1,"b":2}'],
    [{ setContext: { a: 9 }, removeContext: ["a", "b"] }, '{"__proto__":3,"a":9}'],
    [{ context: { z: 1 } }, '{"z":1}'],
  ])("%j", (change, expected) => {
    expect(JSON.stringify(changedContext(context, change))).toBe(expected);
    expect(JSON.stringify(context)).toBe('{"a":1,"b":2,"__proto__":3}');
  });
});

test("what a change does not name stays", () => {
  const metadata = makeMetadata({ tags: ["a"], parentSession: uuid(5) });
  expect(changedMetadata(metadata, {}, 9000)).toEqual({ ...metadata, updatedAt: 9000 });
  expect(changedMetadata(metadata, { parentSession: null, tags: [] }, 0)).toEqual({
    ...metadata,
    tags: [],
    parentSession: null,
    updatedAt: 2001,
  });
});

test("times go forward, up to the last safe integer", async () => {
  const at = (updatedAt: number, given: number) => nextUpdatedAt({ id: uuid(1), updatedAt }, given);
  expect(at(5, 3)).toBe(6);
  expect(at(5, 5)).toBe(6);
  expect(at(5, 9)).toBe(9);
  expect(at(Number.MAX_SAFE_INTEGER - 1, 0)).toBe(Number.MAX_SAFE_INTEGER);
  const error = await errorOf(() => at(Number.MAX_SAFE_INTEGER, 0));
  expect(error).toMatchObject({ code: "unsupported", details: { field: "metadata.updatedAt" } });
});

test("a session is cut to what it has at most", async () => {
  expect(checkTruncate(uuid(1), 3, 3)).toBeUndefined();
  expect((await errorOf(() => checkTruncate(uuid(1), 3, 4))).code).toBe("invalid_input");
});

describe("a memory store", () => {
  test("cut to as many entries as there are, is not changed", async () => {
    const store = new MemoryStore();
    const { version } = await store.create(makeSession({}, [makeEntry(1)]));
    expect((await store.truncate(uuid(1), 1, { at: 9000 })).version).toBe(version);
    expect((await store.truncate(uuid(1), 0, { at: 9000 })).version).not.toBe(version);
  });

  test("lets an id be used again after it was cut off, and finds all of one id", async () => {
    const store = new MemoryStore();
    await store.create(makeSession({}, [makeEntry(1, "a"), makeEntry(1, "b")]));
    const append = (content: string) => store.append(uuid(1), [makeEntry(1, content)], { at: 1 });
    expect((await append("b")).entries).toMatchObject([{ seq: 1, added: false }]);
    expect((await errorOf(() => append("c"))).code).toBe("conflict");
    await store.truncate(uuid(1), 0, { at: 1 });
    expect((await append("c")).entries).toMatchObject([{ seq: 0, added: true }]);
  });

  test("an id twice in one batch counts once, with other content not at all", async () => {
    const store = new MemoryStore();
    await store.create(makeSession());
    const twice = [makeEntry(1, "a"), makeEntry(2, "b"), makeEntry(1, "a")];
    expect(
      (await store.append(uuid(1), twice, { at: 1 })).entries.map(({ seq, added }) => [seq, added]),
    ).toEqual([
      [0, true],
      [1, true],
      [0, false],
    ]);
    const torn = [makeEntry(3, "a"), makeEntry(3, "b")];
    expect((await errorOf(() => store.append(uuid(1), torn, { at: 1 }))).code).toBe("conflict");
    expect((await store.head(uuid(1))).entryCount).toBe(2);
  });

  test("a repeat among new entries is not counted against a limit", async () => {
    const store = new MemoryStore();
    await store.create(makeSession({}, [makeEntry(1)]));
    const options = { at: 1, limits: { maxEntries: 2, action: "error" as const } };
    const result = await store.append(uuid(1), [makeEntry(1), makeEntry(2)], options);
    expect(result).toMatchObject({ entryCount: 2, limit: { current: 2 } });
    const error = await errorOf(() => store.append(uuid(1), [makeEntry(3)], { ...options, at: 5000 }));
    expect(error.message).toContain("at its limit of 2 entries");
    const slow = { at: 1500, limits: { maxDurationMs: 499, action: "error" as const } };
    expect((await errorOf(() => store.append(uuid(1), [makeEntry(3)], slow))).message).toContain(
      "499 ms duration",
    );
  });
});
