// Longer than most files: one thing that a chat is or survives after the other, over every store.
import { type ChatStore, chatStore, type UIMessageLike } from "@thulp-sessions/ai-sdk";
import type { SessionStore } from "@thulp-sessions/core";
import { idFromNames } from "@thulp-sessions/core/adapter";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { messageText } from "@thulp-sessions/core/text";
import { LOCAL_KINDS, postgresKind, type StorePlace } from "@thulp-sessions/testing-stores";
import type { UIMessage } from "ai";
import { validateUIMessages } from "ai";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const KINDS = [...LOCAL_KINDS, await postgresKind()];
const ID = idFromNames("ai-sdk", "chat");

const said = (id: string, text: string, role: UIMessage["role"] = "user"): UIMessage => ({
  id,
  role,
  parts: [{ type: "text", text }],
});
const answer = (id: string, text: string) => said(id, text, "assistant");

describe.each(KINDS.filter(({ missing }) => missing === null))("over $name", (kind) => {
  let place: StorePlace;
  let store: SessionStore;
  let chats: ChatStore<UIMessage>;
  /** Knows only what is stored. */
  let elsewhere: ChatStore<UIMessage>;
  let now: number;

  beforeEach(async () => {
    place = await kind.place();
    store = await place.open();
    now = 1000;
    chats = chatStore(store, { clock: () => now, tags: ["app"] });
    elsewhere = chatStore(await place.open());
  });
  afterEach(() => place.dispose());

  const save = (...messages: UIMessage[]) => chats.saveChat({ chatId: "chat", messages });
  const load = () => elsewhere.loadChat("chat");

  test("a chat is saved turn by turn, and only what is new is written", async () => {
    expect(await load()).toEqual([]);
    const messages: UIMessage[] = [];
    for (let turn = 0; turn < 4; turn++) {
      messages.push(said(`u${turn}`, "Question?"), answer(`a${turn}`, "Answer."));
      now++;
      await save(...messages);
      expect(await load()).toEqual(messages);
    }
    const { entries, metadata, version } = await store.get(ID);
    expect(metadata).toMatchObject({
      name: "chat",
      sessionType: { type: "agent", agentName: "ai-sdk" },
      tags: ["ai-sdk", 'ai-sdk:key:["chat"]', "app"],
    });
    // The time of the save that brought it: nothing was written again.
    expect(entries.map(({ timestamp }) => timestamp)).toEqual([
      1001, 1001, 1002, 1002, 1003, 1003, 1004, 1004,
    ]);
    await save(...messages);
    await elsewhere.saveChat({ chatId: "chat", messages });
    expect((await store.head(ID)).version).toBe(version);
  });

  test("it can be regenerated, edited, cut and emptied", async () => {
    const [u1, a1, u2, a2] = [said("u1", "1"), answer("a1", "1"), said("u2", "2"), answer("a2", "2")];
    for (const messages of [
      [u1, a1, u2, a2],
      [u1, a1, u2, answer("a2", "another")],
      [u1, a1, u2, answer("a3", "a new id")],
      [u1, a1, said("u2", "edited")],
      [u1, a1],
      [a1, u1],
      [],
      [u2],
      [u1, a1, u2, a2],
    ]) {
      await save(...messages);
      expect(await load()).toEqual(messages);
      expect(await chats.loadChat("chat")).toEqual(messages);
    }
  });

  test("savers that do not know of each other: the last array wins, never a mixture", async () => {
    const [u1, a1, u2, a2] = [said("u1", "1"), answer("a1", "1"), said("u2", "2"), answer("a2", "2")];
    await save(u1, a1);
    // The first saver still knows [u1, a1]: what it appends is there already, but not all before it.
    await elsewhere.saveChat({ chatId: "chat", messages: [said("u1", "edited"), u2] });
    await save(u1, a1, u2);
    expect(await load()).toEqual([u1, a1, u2]);
    await elsewhere.saveChat({ chatId: "chat", messages: [said("u1", "edited"), a1, a2] });
    await save(u1, a1, a2);
    expect(await load()).toEqual([u1, a1, a2]);
    // A tail that is there already, behind another beginning.
    await elsewhere.saveChat({ chatId: "chat", messages: [said("u1", "edited"), u2] });
    await save(u1, u2);
    expect(await load()).toEqual([u1, u2]);
    await elsewhere.saveChat({ chatId: "chat", messages: [u2] });
    await save(u1);
    expect(await load()).toEqual([u1]);
    await elsewhere.deleteChat("chat");
    await save(u1, a1);
    expect(await load()).toEqual([u1, a1]);

    const arrays = Array.from({ length: 8 }, (_, i) => [u1, answer(`b${i}`, "x"), said(`v${i}`, "y")]);
    await Promise.all(
      arrays.map((messages, i) => (i % 2 ? chats : elsewhere).saveChat({ chatId: "chat", messages })),
    );
    const left = await load();
    expect(arrays).toContainEqual(left);
    expect(await chats.loadChat("chat")).toEqual(left);
  });

  test("what other programs write into the session stays", async () => {
    const [u1, a1, u2] = [said("u1", "1"), answer("a1", "1"), said("u2", "2")];
    await save(u1, a1);
    const note = (n: number) => ({
      id: idFromNames("test", String(n)) as never,
      timestamp: n,
      entryType: { type: "system_event", event: "note" } as const,
      content: { id: "x", role: "user", parts: [n] },
    });
    await store.append(ID, [note(1)], { at: 1 });
    await save(u1, a1, u2);
    await store.append(ID, [note(2)], { at: 1 });
    expect(await load()).toEqual([u1, a1, u2]);
    for (const messages of [[u1, answer("a1", "another"), u2], [u1], [], [u1, a1]]) {
      await save(...messages);
      expect(await load()).toEqual(messages);
      const { entries } = await store.get(ID);
      const notes = entries.filter(({ entryType }) => entryType.type === "system_event");
      expect(notes.map(({ timestamp }) => timestamp)).toEqual([1, 2]);
    }
  });

  test("one message is added or replaced", async () => {
    const [u1, a1] = [said("u1", "1"), answer("a1", "1")];
    await chats.upsertMessage({ chatId: "chat", message: u1 });
    await elsewhere.upsertMessage({ chatId: "chat", message: a1 });
    await chats.upsertMessage({ chatId: "chat", message: answer("a1", "longer") });
    expect(await load()).toEqual([u1, answer("a1", "longer")]);
    const edited = { chatId: "chat", message: said("u1", "a secret") };
    await expect(chats.upsertMessage(edited)).rejects.toThrow(/rewriteAfter(?!.*secret)/);
    await chats.upsertMessage({ chatId: "chat", message: u1 });
    await chats.upsertMessage(edited, { rewriteAfter: true });
    expect(await load()).toEqual([said("u1", "a secret"), answer("a1", "longer")]);
  });

  test("a chat is forked at a message, and found in lists under its own id", async () => {
    const [u1, a1, u2] = [said("u1", "1"), answer("a1", "1"), said("u2", "2")];
    await chats.createChat({ id: "chat", title: "Zebras", tags: ["x"] });
    await expect(chats.createChat({ id: "chat" })).rejects.toMatchObject({ code: "already_exists" });
    await save(u1, a1, u2);
    await chats.setActiveStream("chat", "s");
    const fork = await elsewhere.forkChat("chat", { throughMessageId: "a1", title: "Another" });
    expect(await chats.loadChat(fork)).toEqual([u1, a1]);
    expect(await chats.activeStream(fork)).toBe(null);
    await chats.saveChat({ chatId: fork, messages: [u1] });
    expect(await load()).toEqual([u1, a1, u2]);
    await chats.forkChat("chat", { id: "whole" });
    expect(await elsewhere.loadChat("whole")).toEqual([u1, a1, u2]);
    await expect(chats.forkChat("chat", { throughMessageId: "no" })).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(chats.forkChat("no")).rejects.toMatchObject({ code: "not_found" });

    await chats.setTitle("chat", "Zebras and more");
    const first = await elsewhere.listChats({ limit: 2 });
    const second = await elsewhere.listChats({ limit: 2, cursor: first.nextCursor ?? "" });
    expect([...first.chats, ...second.chats].map(({ id, title }) => [id, title]).sort()).toEqual(
      [
        [fork, "Another"],
        ["chat", "Zebras and more"],
        ["whole", "Zebras"],
      ].sort(),
    );
    expect(second.nextCursor).toBe(null);
    expect((await elsewhere.listChats({ tag: "x" })).chats).toHaveLength(3);
    expect((await elsewhere.listChats({ tag: "no" })).chats).toEqual([]);
    const { items } = await store.list({ filter: { tag: `ai-sdk:key:["${fork}"]` } });
    expect(items).toMatchObject([{ parentSession: ID, tags: ["ai-sdk", expect.any(String), "app", "x"] }]);
    expect(await chats.deleteChat("chat")).toBe(true);
    expect(await chats.deleteChat("chat")).toBe(false);
    expect(await load()).toEqual([]);
  });

  test("texts and titles are found", async () => {
    await chats.createChat({ id: "chat", title: "On wombats" });
    await save(said("u1", "What does the zebra eat?"), answer("a1", "Grass."));
    expect(await chats.searchChats("zebra")).toEqual({
      hits: [
        { chatId: "chat", title: "On wombats", messageId: "u1", snippet: expect.stringContaining("zebra") },
      ],
      nextCursor: null,
    });
    expect((await chats.searchChats("wombats")).hits).toMatchObject([{ messageId: null }]);
    expect((await chats.searchChats("okapi")).hits).toEqual([]);
  });

  test("the active stream is cleared by who has set it", async () => {
    expect(await chats.activeStream("chat")).toBe(null);
    await chats.clearActiveStream("chat", "s1");
    await chats.setActiveStream("chat", "s1");
    await save(said("u1", "1"));
    await elsewhere.setActiveStream("chat", "s2");
    await chats.clearActiveStream("chat", "s1");
    expect(await chats.activeStream("chat")).toBe("s2");
    await chats.clearActiveStream("chat", "s2");
    expect(await elsewhere.activeStream("chat")).toBe(null);
    expect(await load()).toEqual([said("u1", "1")]);
  });

  test("messages of any kind come as they were, and read as a conversation", async () => {
    const messages: UIMessage[] = [
      { ...said("s", "Be brief.", "system"), metadata: { at: 1 } },
      said("u \ud83d", "half \ud83d"),
      {
        id: "a1",
        role: "assistant",
        parts: [
          { type: "step-start" },
          {
            type: "dynamic-tool",
            toolName: "look",
            toolCallId: "c",
            state: "output-available",
            input: { "~json": 1 },
            output: null,
          },
          { type: "text", text: "Seen.", state: "done" },
        ],
      },
      answer("a2", "Then it was gone."),
    ];
    await save(...messages);
    expect(await load()).toEqual(messages);
    const { entries } = await store.get(ID);
    expect(entries.map(({ entryType }) => entryType.type)).toEqual([
      "system_message",
      "user_message",
      "assistant_message",
      "assistant_message",
    ]);
    expect(messageText(entries[0]?.content)).toBe("Be brief.");
    expect(messageText(entries[2]?.content)).toBe(null);
    expect(messageText(entries[3]?.content)).toBe("Then it was gone.");
  });
});

test("a message of any size is one", async () => {
  const store = new MemoryStore();
  const chats = chatStore<UIMessage>(store);
  const messages = [said("u1", "?"), said("large", `${"x".repeat(9_000_000)}\ud83d`), answer("a2", "Large.")];
  await chats.saveChat({ chatId: "chat", messages });
  const read = await chatStore(store).loadChat("chat");
  expect(JSON.stringify(read) === JSON.stringify(messages)).toBe(true);
  expect((await store.head(ID)).entryCount).toBeGreaterThan(4);
  const fork = await chats.forkChat("chat", { throughMessageId: "large" });
  expect((await chats.loadChat(fork)).map(({ id }) => id)).toEqual(["u1", "large"]);
  const replaced = [said("u1", "?"), said("large", "small"), answer("a2", "Large.")];
  await chats.saveChat({ chatId: "chat", messages: replaced });
  expect(await chatStore(store).loadChat("chat")).toEqual(replaced);
  expect((await store.head(ID)).entryCount).toBe(3);
});

test("while it is used a chat is not read again", async () => {
  const store = new MemoryStore();
  const chats = chatStore<UIMessage>(store);
  const get = vi.spyOn(store, "get");
  const messages: UIMessage[] = [];
  for (let turn = 0; turn < 10; turn++) {
    messages.push(said(`u${turn}`, "?"), answer(`a${turn}`, "!"));
    await chats.setActiveStream("chat", "s");
    await chats.saveChat({ chatId: "chat", messages });
    await chats.clearActiveStream("chat", "s");
    expect(await chats.loadChat("chat")).toEqual(messages);
  }
  expect(get).not.toHaveBeenCalled();
});

test("what is no message is refused, and no message of an error quotes it", async () => {
  const store = new MemoryStore();
  const chats = chatStore<UIMessageLike>(store);
  const cyclic: unknown[] = ["secret"];
  cyclic.push(cyclic);
  for (const [messages, words] of [
    [[{ role: "user", parts: ["secret"] }], "no text as its id"],
    [[{ id: "1", parts: ["secret"] }], "no role"],
    [[{ id: "1", role: "user", content: "secret" }], "no array of parts"],
    [["secret"], "no UIMessage"],
    [[said("1", "a"), said("1", "secret")], "messages[1] has the id"],
    [[{ id: "1", role: "user", parts: cyclic }], "contains itself"],
    [[{ id: "1", role: "user", parts: [1n] }], "bigint"],
  ] as const) {
    const error: unknown = await chats
      .saveChat({ chatId: "chat", messages: messages as unknown as UIMessageLike[] })
      .then(
        () => undefined,
        (reason) => reason,
      );
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain("secret");
  }
  await expect(chats.createChat({ id: "x".repeat(70_000) })).rejects.toThrow("too long");
  expect(await store.count()).toBe(0);
});

test("any id is a chat of its own", async () => {
  const chats = chatStore<UIMessage>(new MemoryStore());
  const ids = ["", "__proto__", "half \ud83d", "half \ufffd", '"],["', "x".repeat(20_000)];
  for (const chatId of ids) await chats.saveChat({ chatId, messages: [said("1", chatId)] });
  for (const chatId of ids) expect(await chats.loadChat(chatId)).toEqual([said("1", chatId)]);
  const { chats: listed } = await chats.listChats();
  expect(listed.map(({ id }) => id).sort()).toEqual([...ids].sort());
});

test("what is loaded is what the AI SDK has validated", async () => {
  const store = new MemoryStore();
  const chats = chatStore(store, { validate: (messages) => validateUIMessages({ messages }) });
  expect(await chats.loadChat("chat")).toEqual([]);
  await chats.saveChat({ chatId: "chat", messages: [said("1", "a")] });
  expect(await chats.loadChat("chat")).toEqual([said("1", "a")]);
  const odd = { id: "2", role: "user", parts: [{ type: "no such part" }] };
  await chatStore(store).saveChat({ chatId: "chat", messages: [odd] });
  await expect(chats.loadChat("chat")).rejects.toThrow("validation");
});
