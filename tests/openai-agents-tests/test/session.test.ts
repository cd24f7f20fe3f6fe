// Longer than most files: one contract after the other, over every store.
//
// The contracts are those of openai-agents-js (MIT), packages/agents-core/test/memorySession.test.ts and
// src/memory/session.ts, in our own words: what a memory session keeps, changes, refuses and forgets.
import { type AgentInputItem, type SessionHistoryTransaction, UserError } from "@openai/agents-core";
import type { SessionStore } from "@thulp-sessions/core";
import { idFromNames } from "@thulp-sessions/core/adapter";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { messageText } from "@thulp-sessions/core/text";
import { ThulpSession } from "@thulp-sessions/openai-agents";
import { LOCAL_KINDS, postgresKind, type StorePlace } from "@thulp-sessions/testing-stores";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const KINDS = [...LOCAL_KINDS, await postgresKind()];
const ID = idFromNames("openai-agents", "s");

const user = (content: string): AgentInputItem => ({ role: "user", content });
const call = (callId: string, more: object = {}): AgentInputItem => ({
  type: "function_call",
  callId,
  name: "look",
  arguments: "{}",
  status: "completed",
  ...more,
});
const result = (callId: string): AgentInputItem => ({
  type: "function_call_result",
  callId,
  name: "look",
  status: "completed",
  output: { type: "text", text: "seen" },
});
const append = (...items: AgentInputItem[]): SessionHistoryTransaction => ({ type: "append_items", items });
const suffix = (
  expectedSuffix: AgentInputItem[],
  ...replacement: AgentInputItem[]
): SessionHistoryTransaction => ({
  type: "replace_suffix",
  expectedSuffix,
  replacement,
});

describe.each(KINDS.filter(({ missing }) => missing === null))("over $name", (kind) => {
  let place: StorePlace;
  let store: SessionStore;
  let session: ThulpSession;
  /** Another handle on the same one. */
  let elsewhere: ThulpSession;

  beforeEach(async () => {
    place = await kind.place();
    store = await place.open();
    session = new ThulpSession(store, { sessionId: "s", name: "Zebras", tags: ["app"], clock: () => 1234 });
    elsewhere = new ThulpSession(await place.open(), { sessionId: "s" });
  });
  afterEach(() => place.dispose());

  test("a session that nothing was added to is empty, and makes nothing", async () => {
    expect(await session.getSessionId()).toBe("s");
    expect(await session.getItems()).toEqual([]);
    expect(await session.popItem()).toBe(undefined);
    await session.clearSession();
    await session.addItems([]);
    await session.applyHistoryMutations({ mutations: [] });
    const replacement = call("c") as Extract<AgentInputItem, { type: "function_call" }>;
    await session.applyHistoryMutations({
      mutations: [{ type: "replace_function_call", callId: "c", replacement }],
    });
    expect(await store.count()).toBe(0);
  });

  test("items come as they were, all or the latest", async () => {
    const items = [
      user("What does the zebra eat?"),
      call("c1"),
      result("c1"),
      {
        type: "message",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: "Grass." }],
      },
      user("half \ud83d"),
      { type: "unknown", providerData: { "~json": 1, bytes: new Uint8Array([1, 2]) } },
    ] as AgentInputItem[];
    await session.addItems(items.slice(0, 2));
    await elsewhere.addItems(items.slice(2));
    expect(await session.getItems()).toEqual(items);
    for (const limit of [1, 2, 5, 6, 7, 5000])
      expect(await session.getItems(limit)).toEqual(items.slice(-limit));
    for (const limit of [0, -1]) expect(await session.getItems(limit)).toEqual([]);

    const { metadata, entries } = await store.get(ID);
    expect(metadata).toMatchObject({
      name: "Zebras",
      sessionType: { type: "agent", agentName: "openai-agents" },
      tags: ["openai-agents", 'openai-agents:key:["s"]', "app"],
      createdAt: 1234,
    });
    expect(entries.map(({ entryType }) => entryType)).toEqual([
      { type: "user_message" },
      { type: "system_event", event: "openai:function_call" },
      { type: "tool_call", toolName: "look", success: true },
      { type: "assistant_message" },
      { type: "user_message" },
      { type: "system_event", event: "openai:unknown" },
    ]);
    expect(entries.map(({ content }) => messageText(content))).toEqual([
      "What does the zebra eat?",
      null,
      null,
      "Grass.",
      null,
      null,
    ]);
    const hits = await store.search({ text: "zebra", types: ["user_message"] });
    expect(hits.items).toMatchObject([{ sessionId: ID, seq: 0 }]);
  });

  test("items are popped from the end, each once, by whichever handle", async () => {
    const items = Array.from({ length: 8 }, (_, i) => user(String(i)));
    await session.addItems(items);
    expect(await session.popItem()).toEqual(items[7]);
    expect(await elsewhere.popItem()).toEqual(items[6]);
    const popped = await Promise.all([session, elsewhere, session, elsewhere].map((each) => each.popItem()));
    expect(popped).toHaveLength(4);
    for (const item of items.slice(2, 6)) expect(popped).toContainEqual(item);
    expect(await session.getItems()).toEqual(items.slice(0, 2));
  });

  test("a cleared session is empty, stays, and forgets its operations", async () => {
    await session.addItems([user("a")]);
    await session.applyHistoryTransaction({ operationId: "op", transaction: append(user("b")) });
    await session.clearSession();
    expect(await elsewhere.getItems()).toEqual([]);
    expect((await store.head(ID)).metadata.name).toBe("Zebras");
    await elsewhere.applyHistoryTransaction({ operationId: "op", transaction: append(user("c")) });
    expect(await session.getItems()).toEqual([user("c")]);
  });

  test("the first call of a function is replaced, later ones of its id go", async () => {
    const items = [user("a"), call("c1"), call("c2"), result("c2"), call("c1"), user("b")];
    await session.addItems(items);
    const before = (await store.get(ID)).entries;
    const replacement = call("c1", { arguments: '{"n":1}' }) as Extract<
      AgentInputItem,
      { type: "function_call" }
    >;
    await session.applyHistoryMutations({
      mutations: [
        { type: "replace_function_call", callId: "c1", replacement },
        { type: "replace_function_call", callId: "none", replacement },
      ],
    });
    expect(await elsewhere.getItems()).toEqual([user("a"), replacement, call("c2"), result("c2"), user("b")]);
    const after = (await store.get(ID)).entries;
    expect(after[0]?.id).toBe(before[0]?.id);
    expect(after[4]?.id).toBe(before[5]?.id);
    const { version } = await store.head(ID);
    await session.applyHistoryMutations({
      mutations: [{ type: "replace_function_call", callId: "c1", replacement }],
    });
    expect((await store.head(ID)).version).toBe(version);
  });

  test("a transaction is applied once, and its id is of one change", async () => {
    const apply = (operationId: string, transaction: SessionHistoryTransaction, by = session) =>
      by.applyHistoryTransaction({ operationId, transaction });
    await apply("1", append(user("a"), user("b")));
    await apply("1", append(user("a"), user("b")), elsewhere);
    expect(await session.getItems()).toEqual([user("a"), user("b")]);
    await expect(apply("1", append(user("a secret")))).rejects.toThrow(UserError);
    await apply("2", suffix([user("b")], user("c"), user("d")));
    await apply("2", suffix([user("b")], user("c"), user("d")), elsewhere);
    expect(await session.getItems()).toEqual([user("a"), user("c"), user("d")]);
    await expect(apply("3", suffix([user("b")], user("e")))).rejects.toThrow("expectedSuffix");
    await expect(apply("3", suffix(Array(9).fill(user("a"))))).rejects.toThrow("expectedSuffix");
    // What was refused is not noted: the id is free.
    await apply("3", suffix([], user("e")));
    await apply("4", suffix([user("d"), user("e")]));
    expect(await session.getItems()).toEqual([user("a"), user("c")]);
    await apply("4", suffix([user("d"), user("e")]), elsewhere);
    // One that adds nothing is noted as well.
    await apply("5", append());
    await expect(apply("5", append(user("x")))).rejects.toThrow(UserError);
    await apply("__proto__", append(user("p")));
    await apply("__proto__", append(user("p")), elsewhere);
    expect(await elsewhere.getItems()).toEqual([user("a"), user("c"), user("p")]);
    const { context } = await store.head(ID);
    expect(Object.values(context["openai:operations"] as object)).toHaveLength(6);

    const ids = Array.from({ length: 6 }, (_, i) => `at once ${i}`);
    await Promise.all(
      [...ids, ...ids].map((id, i) => apply(id, append(user(id)), i % 2 ? session : elsewhere)),
    );
    expect((await session.getItems(6)).map((item) => (item as { content: string }).content).sort()).toEqual(
      ids,
    );
    expect(await session.getItems()).toHaveLength(9);
  });

  test("the first transaction makes the session", async () => {
    await session.applyHistoryTransaction({ operationId: "1", transaction: append(user("a")) });
    await elsewhere.applyHistoryTransaction({ operationId: "1", transaction: append(user("a")) });
    expect(await elsewhere.getItems()).toEqual([user("a")]);
    expect((await store.head(ID)).metadata.tags).toContain("app");
  });

  test("what other programs write into the session stays, and is no item", async () => {
    await session.addItems([user("a"), call("c1"), user("b")]);
    const note = { id: idFromNames("test", "note") as never, timestamp: 7, content: { text: "Hello" } };
    await store.append(ID, [{ ...note, entryType: { type: "user_message" } }], { at: 7 });
    const notes = async () => (await store.get(ID)).entries.filter(({ timestamp }) => timestamp === 7);
    expect(await session.getItems(1)).toEqual([user("b")]);
    expect(await session.popItem()).toEqual(user("b"));
    expect(await notes()).toHaveLength(1);
    await session.addItems([user("c")]);
    await session.applyHistoryTransaction({
      operationId: "1",
      transaction: suffix([call("c1"), user("c")], user("d")),
    });
    expect(await session.getItems()).toEqual([user("a"), user("d")]);
    expect(await notes()).toHaveLength(1);
    await session.clearSession();
    expect(await session.getItems()).toEqual([]);
    expect(await notes()).toHaveLength(1);
  });
});

test("items of any size are one each", async () => {
  const store = new MemoryStore();
  const session = new ThulpSession(store, { sessionId: "s" });
  const large = user("x".repeat(9_000_000));
  const items = [user("a"), large, user("b"), large];
  await session.addItems(items);
  const isEqual = (read: unknown, expected: unknown) => JSON.stringify(read) === JSON.stringify(expected);
  expect(isEqual(await session.getItems(3), items.slice(1))).toBe(true);
  expect(isEqual(await session.getItems(1), [large])).toBe(true);
  expect(isEqual(await session.popItem(), large)).toBe(true);
  expect(isEqual(await session.getItems(), items.slice(0, 3))).toBe(true);
  expect((await store.head(ID)).entryCount).toBeGreaterThan(4);
});

test("more items than a page", async () => {
  const session = new ThulpSession(new MemoryStore());
  const items = Array.from({ length: 2500 }, (_, i) => user(String(i)));
  await session.addItems(items);
  expect(await session.getItems()).toEqual(items);
  expect(await session.getItems(2100)).toEqual(items.slice(-2100));
});

test("what is given and what is returned share nothing with the session", async () => {
  const session = new ThulpSession(new MemoryStore());
  const item = { role: "user", content: [{ type: "input_text", text: "a" }] } as const;
  const given = structuredClone(item) as unknown as AgentInputItem & { content: unknown };
  const added = session.addItems([given]);
  given.content = "changed";
  await added;
  const [read] = (await session.getItems()) as unknown as [typeof given];
  read.content = "changed";
  expect(await session.getItems()).toEqual([item]);
});
