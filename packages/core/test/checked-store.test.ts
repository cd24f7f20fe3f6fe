import {
  type EntriesQuery,
  type ListQuery,
  MAX_ENTRY_BYTES,
  MAX_NAME_BYTES,
  type SearchQuery,
  type Session,
  type SessionEntry,
  type WatchOptions,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, test } from "vitest";
import { errorOf, makeEntry, makeMetadata, makeSession, settle, uuid } from "./make.ts";

// Longer than most files: what every store refuses, call by call.

/** A memory store whose look at the changes of others begins when the test says so. */
class SharedStore extends MemoryStore {
  readonly told: string[] = [];
  starts: PromiseWithResolvers[] = [];

  protected override doWatchStart(): Promise<void> {
    this.told.push("start");
    const start = makeResolvers();
    this.starts.push(start);
    return start.promise;
  }

  protected override doWatchStop(): void {
    this.told.push("stop");
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function makeResolvers(): PromiseWithResolvers {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe("watching", () => {
  test("begins with the first watcher, who waits for it with all others, and ends with the last", async () => {
    const store = new SharedStore();
    const ready: number[] = [];
    const watching = [0, 1].map(async (n) => {
      const watcher = await store.watch();
      ready.push(n);
      return watcher;
    });
    await settle();
    // The second one used to be ready while the first still started: what others wrote then was lost to it.
    expect(ready).toEqual([]);
    store.starts[0]?.resolve();
    const [a, b] = await Promise.all(watching);
    await a?.return?.();
    expect(store.told).toEqual(["start"]);
    await b?.return?.();
    expect(store.told).toEqual(["start", "stop"]);
    const again = store.watch();
    store.starts[1]?.resolve();
    await (await again).return?.();
    expect(store.told).toEqual(["start", "stop", "start", "stop"]);
  });

  test("that could not start is started again by the next", async () => {
    const store = new SharedStore();
    const failing = [store.watch(), store.watch()].map((watching) =>
      watching.catch((error: Error) => error.message),
    );
    store.starts[0]?.reject(new Error("no"));
    expect(await Promise.all(failing)).toEqual(["no", "no"]);
    const next = store.watch();
    expect(store.told).toEqual(["start", "start"]);
    store.starts[1]?.resolve();
    await (await next).return?.();
    expect(store.told).toEqual(["start", "start", "stop"]);
  });

  test("with a signal that is aborted while it begins leaves nobody watching", async () => {
    const store = new SharedStore();
    const controller = new AbortController();
    const watching = store.watch({ signal: controller.signal });
    controller.abort();
    store.starts[0]?.resolve();
    expect((await (await watching).next()).done).toBe(true);
    expect(store.told).toEqual(["start", "stop"]);
  });

  test("with a signal that is none is a TypeError and leaves nobody watching", async () => {
    const store = new SharedStore();
    await expect(store.watch({ signal: {} } as WatchOptions)).rejects.toThrow(TypeError);
    expect((await errorOf(() => store.watch({ id: "x" } as unknown as WatchOptions))).code).toBe(
      "invalid_input",
    );
    expect(store.told).toEqual([]);
  });

  test("ends with the store", async () => {
    const store = new MemoryStore();
    const watcher = await store.watch();
    const waiting = watcher.next();
    await store.close();
    expect((await waiting).done).toBe(true);
  });
});

describe("close", () => {
  test("waits for the calls under way, and may be called again", async () => {
    let finish: () => void = () => {};
    let closed = false;
    class SlowStore extends MemoryStore {
      protected override async doHead(id: Parameters<MemoryStore["doHead"]>[0]) {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return super.doHead(id);
      }
    }
    const store = new SlowStore();
    await store.create(makeSession());
    const head = store.head(uuid(1));
    const closing = store.close().then(() => {
      closed = true;
    });
    await settle();
    expect(closed).toBe(false);
    expect((await errorOf(() => store.get(uuid(1)))).code).toBe("closed");
    finish();
    expect((await head).metadata.id).toBe(uuid(1));
    await closing;
    await store.close();
    await store[Symbol.asyncDispose]();
  });

  test("after it every call fails with closed, before its arguments are looked at", async () => {
    const store = new MemoryStore();
    await store.close();
    const bad = undefined as never;
    for (const call of [
      () => store.create(bad),
      () => store.get(bad),
      () => store.head(bad),
      () => store.update(bad, bad, bad),
      () => store.append(bad, bad, bad),
      () => store.readEntries(bad),
      () => store.truncate(bad, bad, bad),
      () => store.replace(bad),
      () => store.delete(bad),
      () => store.list(),
      () => store.count(),
      () => store.search(bad),
      () => store.watch(),
    ]) {
      expect((await errorOf(call)).code).toBe("closed");
    }
  });
});

describe("a session to write", () => {
  const entry = (given: object): SessionEntry => ({ ...makeEntry(1), ...given }) as SessionEntry;
  const withEntry = (given: object): unknown => makeSession({}, [entry(given)]);
  const proto = (value: object): unknown =>
    JSON.parse(JSON.stringify(value).replace("{", '{"__proto__":{"x":1},'));

  test.each<[string, unknown, string]>([
    ["is no object", 7, "session"],
    ["is null", null, "session"],
    ["is an array", [], "metadata"],
    ["has an unknown key", { ...makeSession(), extra: 1 }, "session"],
    ["has __proto__ as a key", proto(makeSession()), "session"],
    ["has no metadata", { entries: [], context: {} }, "metadata"],
    ["has an unknown key in its metadata", makeSession({ title: 1 } as object), "metadata"],
    ["has __proto__ in its metadata", { ...makeSession(), metadata: proto(makeMetadata()) }, "metadata"],
    [
      "has a name of two lines' worth too many",
      makeSession({ name: "x".repeat(MAX_NAME_BYTES + 1) }),
      "metadata.name",
    ],
    ["has half a character in a tag", makeSession({ tags: ["a", "\ud800"] }), "metadata.tags[1]"],
    ["has a hole in its tags", makeSession({ tags: new Array(1) }), "metadata.tags[0]"],
    [
      "has an unknown type",
      makeSession({ sessionType: { type: "x" } as never }),
      "metadata.sessionType.type",
    ],
    ["has a time before 1970", makeSession({ createdAt: -1 }), "metadata.createdAt"],
    ["has a time JavaScript cannot hold", makeSession({ createdAt: 2 ** 53 }), "metadata.createdAt"],
    ["has a time that is text", makeSession({ updatedAt: "1" as never }), "metadata.updatedAt"],
    ["has no context", { metadata: makeMetadata(), entries: [] }, "context"],
    ["has a map for a context", { ...makeSession(), context: new Map([["a", 1]]) }, "context"],
    ["has an instance for a context", { ...makeSession(), context: new (class A {})() }, "context"],
    ["has undefined in its context", { ...makeSession(), context: { a: undefined } }, "context.a"],
    ["has no entries", { metadata: makeMetadata(), context: {} }, "entries"],
    ["has an object for entries", { ...makeSession(), entries: { length: 0 } }, "entries"],
    ["has a hole in its entries", makeSession({}, new Array(2)), "entries[0]"],
    ["has null for an entry", makeSession({}, [null as never]), "entries[0]"],
    [
      "has an entry without content",
      makeSession({}, [{ ...makeEntry(1), content: undefined } as never]),
      "entries[0].content",
    ],
    ["has an entry with an unknown key", withEntry({ extra: 1 }), "entries[0]"],
    ["has an entry with __proto__", makeSession({}, [proto(makeEntry(1)) as never]), "entries[0]"],
    ["has an entry of an unknown type", withEntry({ entryType: { type: "x" } }), "entries[0].entryType.type"],
    [
      "has a type with an unknown key",
      withEntry({ entryType: { type: "user_message", x: 1 } }),
      "entries[0].entryType",
    ],
    [
      "has no score",
      withEntry({ entryType: { type: "evaluation_result", metrics: {} } }),
      "entries[0].entryType.score",
    ],
    [
      "has an infinite score",
      withEntry({ entryType: { type: "evaluation_result", score: Number.POSITIVE_INFINITY, metrics: {} } }),
      "entries[0].entryType.score",
    ],
    ...([undefined, [], "x", { a: "1" }, { a: Number.NaN }, { a: null }, new Map()] as const).map(
      (metrics): [string, unknown, string] => [
        `has ${JSON.stringify(metrics) ?? "no"} metrics`,
        withEntry({ entryType: { type: "evaluation_result", score: 1, metrics } }),
        "entries[0].entryType.metrics",
      ],
    ),
  ])("that %s is invalid_input", async (_, session, field) => {
    const store = new MemoryStore();
    for (const call of [() => store.create(session as Session), () => store.replace(session as Session)]) {
      const error = await errorOf(call);
      expect(error.code).toBe("invalid_input");
      expect(error.details.field?.startsWith(field)).toBe(true);
      expect(error.message.length).toBeLessThan(700);
    }
    expect(await store.count()).toBe(0);
  });

  // The message used to repeat whatever key was unknown, and all of them.
  test("gets a short error whatever it echoes", async () => {
    const store = new MemoryStore();
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i]));
    for (const bad of [
      { ...makeSession(), ["x".repeat(1e6)]: 1 },
      makeSession({ ["x".repeat(1e6)]: 1 } as object),
      makeSession(many as object),
      makeSession({ status: "x".repeat(1e6) as never }),
      makeSession({ parentSession: "x".repeat(1e6) as never }),
      { ...makeSession(), context: { ["x".repeat(1e6)]: undefined } },
      withEntry({ entryType: { type: "evaluation_result", score: 1, metrics: { ["x".repeat(1e6)]: "1" } } }),
    ]) {
      const error = await errorOf(() => store.create(bad as Session));
      expect(error.code).toBe("invalid_input");
      expect(error.message.length).toBeLessThan(700);
      expect(JSON.stringify(error.details).length).toBeLessThan(700);
    }
  });

  test("may be what a store gave, and what it added is taken off", async () => {
    const store = new MemoryStore();
    await store.create(makeSession({}, [makeEntry(1)]));
    const stored = await store.get(uuid(1));
    const other = new MemoryStore();
    await other.create({ ...stored, inexact: true } as Session);
    expect(await other.get(uuid(1))).toEqual({
      ...stored,
      version: expect.any(String),
      epoch: expect.any(String),
    });
  });

  test("comes out as JSON would give it: ids in lower case, -0 as 0", async () => {
    const store = new MemoryStore();
    const result = { type: "evaluation_result", score: -0, metrics: { "-0": -0, __proto__: null } } as const;
    await store.create(
      makeSession({ id: uuid(0xa).toUpperCase() as Session["metadata"]["id"], createdAt: -0 }, [
        entry({ timestamp: -0, entryType: result, content: [-0] }),
      ]),
    );
    const stored = await store.get(uuid(0xa));
    expect(JSON.parse(JSON.stringify(stored))).toStrictEqual(stored);
    expect(stored.metadata.id).toBe(uuid(0xa));
  });

  test("shares nothing with the caller's and is stored whole", async () => {
    const store = new MemoryStore();
    const metrics: Record<string, number> = { a: 1 };
    const session = makeSession({ tags: ["a"] }, [
      entry({ entryType: { type: "evaluation_result", score: 1, metrics } }),
    ]);
    const before = structuredClone(session);
    await store.create(session);
    metrics["a"] = 9;
    (session.metadata.tags as string[]).push("b");
    (session.metadata.sessionType as { purpose: string }).purpose = "changed";
    const { version: _, epoch: __, ...stored } = await store.get(uuid(1));
    expect(stored).toEqual({ ...before, entries: before.entries.map((each, seq) => ({ ...each, seq })) });
  });
});

describe("the length of an entry", () => {
  const append = (store: MemoryStore, given: object) =>
    store.append(uuid(1), [{ ...makeEntry(1), ...given } as SessionEntry], { at: 1 });
  const rest = (given: object) => JSON.stringify({ ...makeEntry(1), ...given }).length;

  test("is that of its JSON in UTF-8, to the byte", async () => {
    const store = new MemoryStore();
    await store.create(makeSession());
    const room = MAX_ENTRY_BYTES - rest({ content: "" });
    const three = Math.floor(room / 3);
    const fits = "€".repeat(three) + "x".repeat(room - 3 * three);
    expect(await errorOf(() => append(store, { content: `${fits}x` }))).toMatchObject({
      code: "invalid_input",
      details: { field: "entries[0]" },
    });
    expect((await append(store, { content: fits })).entryCount).toBe(1);
  });

  test("counts escapes, keys and types too", async () => {
    const store = new MemoryStore();
    await store.create(makeSession());
    const half = MAX_ENTRY_BYTES / 2;
    for (const given of [
      { content: "\n".repeat(half) },
      { content: { ["\n".repeat(half)]: 1 } },
      { entryType: { type: "system_event", event: "\n".repeat(half) } },
      { content: "x".repeat(half), entryType: { type: "system_event", event: "x".repeat(half) } },
      // So long that no text could be made of it.
      { content: "\u0001".repeat(2 ** 27) },
      { entryType: { type: "system_event", event: "\u0001".repeat(2 ** 27) } },
    ]) {
      expect((await errorOf(() => append(store, given))).code).toBe("invalid_input");
    }
    expect((await append(store, { content: Array.from({ length: 1_000_000 }, () => 0.5) })).entryCount).toBe(
      1,
    );
  });
});

describe("queries", () => {
  async function filled(): Promise<MemoryStore> {
    const store = new MemoryStore();
    for (const n of [1, 0, 2, 4, 3]) {
      const entries = Array.from({ length: 5 }, (_, i) => makeEntry(i, `word ${n} ${i}`));
      await store.create(
        makeSession({ id: uuid(n), name: `word ${n}`, updatedAt: n < 3 ? 10 : 20 }, entries),
      );
    }
    return store;
  }

  test.each<[string, (store: MemoryStore) => unknown]>([
    ["list: limit 0", (s) => s.list({ limit: 0 })],
    ["list: limit 1001", (s) => s.list({ limit: 1001 })],
    ["list: null", (s) => s.list(null as unknown as ListQuery)],
    ["list: order", (s) => s.list({ orderBy: "name" as never })],
    ["list: unknown key", (s) => s.list({ offset: 1 } as ListQuery)],
    ["list: cursor", (s) => s.list({ cursor: "x" })],
    ["count: null", (s) => s.count(null as never)],
    ["entries: last with limit", (s) => s.readEntries(uuid(1), { last: 1, limit: 1 })],
    ["entries: last with direction", (s) => s.readEntries(uuid(1), { last: 1, direction: "asc" })],
    ["entries: last with cursor", (s) => s.readEntries(uuid(1), { last: 1, cursor: "x" })],
    ["entries: last 0", (s) => s.readEntries(uuid(1), { last: 0 })],
    ["entries: fraction", (s) => s.readEntries(uuid(1), { after: 0.5 })],
    ["entries: types", (s) => s.readEntries(uuid(1), { types: ["x" as never] })],
    ["search: null", (s) => s.search(null as unknown as SearchQuery)],
    ["search: rank with cursor", (s) => s.search({ text: "word", order: "rank", cursor: "x" })],
    ["truncate: no options", (s) => s.truncate(uuid(1), 0, undefined as never)],
    ["append: no time", (s) => s.append(uuid(1), [], {} as never)],
    ["append: a time that is none", (s) => s.append(uuid(1), [], { at: Number.NaN })],
    ["append: a version that is none", (s) => s.append(uuid(1), [], { at: 1, expectedVersion: 7 as never })],
    ["delete: unknown option", (s) => s.delete(uuid(1), { version: "x" } as never)],
  ])("%s is invalid_input", async (_, call) => {
    const store = await filled();
    expect((await errorOf(() => call(store))).code).toBe("invalid_input");
    expect(await store.count()).toBe(5);
  });

  test("a cursor is good for its own query, in any page length", async () => {
    const store = await filled();
    const { nextCursor } = await store.list({ limit: 2 });
    const cursor = nextCursor as string;
    expect((await store.list({ limit: 9, cursor })).items.map(({ id }) => id)).toEqual([2, 1, 0].map(uuid));
    for (const query of [
      { cursor, direction: "asc" as const },
      { cursor, orderBy: "createdAt" as const },
      { cursor, filter: { tag: "x" } },
    ]) {
      expect((await errorOf(() => store.list(query))).code).toBe("invalid_input");
    }
    expect((await errorOf(() => store.readEntries(uuid(1), { cursor }))).code).toBe("invalid_input");
    expect((await errorOf(() => store.search({ text: "word", cursor }))).code).toBe("invalid_input");
  });

  test.each<[EntriesQuery, number[]]>([
    [{}, [0, 1, 2, 3, 4]],
    [{ direction: "desc" }, [4, 3, 2, 1, 0]],
    [{ after: 1, before: 4 }, [2, 3]],
    [{ after: 1, before: 4, direction: "desc" }, [3, 2]],
    [{ after: -7, before: 99 }, [0, 1, 2, 3, 4]],
    [{ before: -1 }, []],
    [{ after: 4 }, []],
    [{ types: [] }, []],
    [{ types: ["system_message"] }, []],
    [{ types: ["user_message"], after: 3 }, [4]],
    [{ last: 2 }, [3, 4]],
    [{ last: 9, before: 2 }, [0, 1]],
  ])("entries by %j", async (query, expected) => {
    const store = await filled();
    expect((await store.readEntries(uuid(1), query)).items.map(({ seq }) => seq)).toEqual(expected);
    if (query.last !== undefined) return;
    const paged: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.readEntries(uuid(1), { ...query, limit: 1, cursor });
      paged.push(...page.items.map(({ seq }) => seq));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(paged).toEqual(expected);
  });

  test("search goes through names and entries, newest session first, page by page", async () => {
    const store = await filled();
    const all: [string, number | null][] = [];
    let cursor: string | undefined;
    do {
      const page = await store.search({ text: "word", limit: 1, cursor });
      all.push(...page.items.map(({ sessionId, seq }): [string, number | null] => [sessionId, seq]));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(all).toEqual([4, 3, 2, 1, 0].flatMap((n) => [null, 0, 1, 2, 3, 4].map((seq) => [uuid(n), seq])));
  });

  test("search is narrowed by sessions, types and times; names are then left out", async () => {
    const store = await filled();
    const seqs = async (query: Omit<SearchQuery, "text">) =>
      (await store.search({ text: "word 1", ...query })).items.map(({ sessionId, seq }) => [sessionId, seq]);
    const filter = { nameContains: "word 1" };
    expect(await seqs({ filter })).toEqual([null, 0, 1, 2, 3, 4].map((seq) => [uuid(1), seq]));
    expect(await seqs({ filter, types: ["user_message"] })).toHaveLength(5);
    expect(await seqs({ types: ["system_message"] })).toEqual([]);
    expect(await seqs({ filter, after: 3001, before: 3004 })).toEqual([2, 3].map((seq) => [uuid(1), seq]));
    expect((await store.search({ text: "!" })).items).toEqual([]);
  });

  test("search by rank puts what has the most of it first, on one page", async () => {
    const store = await filled();
    await store.append(uuid(0), [makeEntry(9, ["word word", "word"])], { at: 1 });
    const { items, nextCursor } = await store.search({ text: "word", order: "rank", limit: 2 });
    expect(items[0]).toEqual({
      sessionId: uuid(0),
      seq: 5,
      snippet: "word word",
      offsets: [
        [0, 4],
        [5, 9],
      ],
    });
    expect(items).toHaveLength(2);
    expect(nextCursor).toBeNull();
  });
});
