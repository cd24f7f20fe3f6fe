import { isSessionError, type SessionEntry, SessionManager } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, test } from "vitest";
import { copyJson } from "../src/model/json.ts";
import { errorOf, makeEntry, makeMetadata, makeSession, uuid } from "./make.ts";

const SECRET = "the content that nobody else may read";
const AT = { at: 5000 };

function throwing(): never {
  throw new RangeError(SECRET);
}

/** An object in which every way of looking at it fails. */
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const hostile: [string, () => unknown][] = [
  ["a getter that throws", () => Object.defineProperty({}, "text", { get: throwing, enumerable: true })],
  [
    "a getter that throws an error of ours",
    () => ({
      get text() {
        return throwSessionError();
      },
    }),
  ],
  ["a proxy that throws", () => new Proxy({ text: 1 }, { get: throwing })],
  ["a proxy whose keys throw", () => new Proxy({ text: 1 }, { ownKeys: throwing })],
  ["a revoked proxy", revoked],
  ["a key that is not enumerable", () => Object.defineProperty({ a: 1 }, "hidden", { value: SECRET })],
  ["a symbol as a key", () => ({ a: 1, [Symbol("s")]: SECRET })],
];

function throwSessionError(): never {
  throw Object.assign(new Error(SECRET), { name: "SessionError", code: "io", details: {} });
}

/** Every place of every call where an object is given, with the object in it. */
function calls(store: MemoryStore, odd: () => unknown): [string, () => Promise<unknown>][] {
  const entry = (over: object) => [{ ...makeEntry(1), ...over }] as SessionEntry[];
  const any = (value: unknown) => value as never;
  const id = uuid(1);
  return [
    ["create", () => store.create(any(odd()))],
    ["metadata", () => store.create({ ...makeSession({ id: uuid(2) }), metadata: any(odd()) })],
    ["sessionType", () => store.create(makeSession({ id: uuid(2), sessionType: any(odd()) }))],
    ["context", () => store.create({ ...makeSession({ id: uuid(2) }), context: { a: any(odd()) } })],
    ["an entry of create", () => store.create({ ...makeSession({ id: uuid(2) }), entries: [any(odd())] })],
    ["an entry", () => store.append(id, [any(odd())], AT)],
    ["an entryType", () => store.append(id, entry({ entryType: odd() }), AT)],
    ["a content", () => store.append(id, entry({ content: odd() }), AT)],
    ["a content, deeper", () => store.append(id, entry({ content: [{ a: odd() }] }), AT)],
    [
      "metrics",
      () =>
        store.append(id, entry({ entryType: { type: "evaluation_result", score: 1, metrics: odd() } }), AT),
    ],
    ["options of append", () => store.append(id, [], any(odd()))],
    ["limits", () => store.append(id, [], { ...AT, limits: any(odd()) })],
    ["a change", () => store.update(id, any(odd()), AT)],
    ["setContext", () => store.update(id, { setContext: any(odd()) }, AT)],
    ["options of update", () => store.update(id, {}, any(odd()))],
    ["options of truncate", () => store.truncate(id, 0, any(odd()))],
    ["options of replace", () => store.replace(makeSession(), any(odd()))],
    ["options of delete", () => store.delete(id, any(odd()))],
    ["a query of list", () => store.list(any(odd()))],
    ["a filter of list", () => store.list({ filter: { and: [{ not: any(odd()) }] } })],
    ["a filter of count", () => store.count(any(odd()))],
    ["a query of readEntries", () => store.readEntries(id, any(odd()))],
    ["a query of search", () => store.search(any(odd()))],
    ["the id of a watch", () => store.watch({ id: any(odd()) })],
  ];
}

describe.each(hostile)("%s", (_, odd) => {
  test("is refused wherever an object is given, without a word of a content, and changes nothing", async () => {
    const store = new MemoryStore();
    await store.create(makeSession({}, [makeEntry(0)]));
    const before = await store.get(uuid(1));
    for (const [where, call] of calls(store, odd)) {
      const error = await call().then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(isSessionError(error, "invalid_input"), `${where}: ${String(error)}`).toBe(true);
      const { message, details } = error as Awaited<ReturnType<typeof errorOf>>;
      expect(message, where).not.toContain("nobody");
      expect(details.field, where).toBeTypeOf("string");
    }
    expect(await store.get(uuid(1))).toEqual(before);
    expect(await store.count()).toBe(1);
  });

  test("is refused by the manager too", async () => {
    const manager = new SessionManager(new MemoryStore());
    const { metadata } = await manager.createSession("s", makeMetadata().sessionType);
    const any = odd as () => never;
    for (const call of [
      () => manager.addEntry(metadata.id, { type: "user_message" }, any()),
      () => manager.addEntry(metadata.id, any(), 1),
      () => manager.addEntries(metadata.id, [any()]),
      () => manager.setContext(metadata.id, "k", any()),
      () => manager.saveSession(any()),
      () => manager.createSession("s", any()),
      () => manager.createSession("s", makeMetadata().sessionType, { entries: [any()] }),
    ]) {
      expect((await errorOf(call)).code).toBe("invalid_input");
    }
  });
});

test("a filter, a type and an entry are read once", async () => {
  const reads = new Map<string, number>();
  const counted = <T extends object>(name: string, object: T): T => {
    const result = {};
    for (const [key, value] of Object.entries(object)) {
      const get = () => {
        reads.set(`${name}.${key}`, (reads.get(`${name}.${key}`) ?? 0) + 1);
        return value;
      };
      Object.defineProperty(result, key, { get, enumerable: true });
    }
    return result as T;
  };
  const store = new MemoryStore();
  const sessionType = counted("sessionType", makeMetadata().sessionType);
  const [message, tool] = [makeEntry(1, counted("content", { a: 1 })), makeEntry(2, "x")];
  const session = counted("session", {
    metadata: counted("metadata", makeMetadata({ sessionType })),
    entries: [counted("stored", { ...message, seq: 0 })],
    context: counted("context", { a: 1 }),
  });
  await store.create(session);
  const entryType = counted("entryType", { type: "tool_call", toolName: "t", success: true } as const);
  await store.append(uuid(1), [counted("entry", { ...tool, entryType })], counted("options", AT));
  await store.append(
    uuid(1),
    [counted("odd", { ...makeEntry(3), id: uuid(0xe0003).toUpperCase() as never })],
    AT,
  );
  const status = counted("filter", {
    status: "active",
    and: [counted("and", { hasParent: false })],
  } as const);
  expect((await store.list(counted("query", { filter: status, limit: 5 }))).items.length).toBe(1);
  expect(reads.size).toBeGreaterThan(25);
  expect([...reads].filter(([, count]) => count !== 1)).toEqual([]);
});

test("a cycle and too many levels are refused in a short message that names no level", async () => {
  const cycle: Record<string, unknown> = {};
  cycle["k".repeat(60)] = { again: cycle };
  const error = await errorOf(() => copyJson(cycle, "entries[0].content"));
  expect(error.message).toBe("entries[0].content is nested more than 120 levels deep, or contains itself.");
  expect(error.details.field).toBe("entries[0].content");
});

test("a proxy that behaves is copied, an array that is one too", () => {
  const proxy = new Proxy({ a: new Proxy([1, { b: 2 }], {}) }, {});
  expect(copyJson(proxy, "x")).toEqual({ a: [1, { b: 2 }] });
});
