// Longer than most files: one thing that a thread is or survives after the other.
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import {
  type Checkpoint,
  DeltaSnapshot,
  emptyCheckpoint,
  JsonPlusSerializer,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import { isSessionError, type SessionId, type SessionStore } from "@thulp-sessions/core";
import { idFromNames } from "@thulp-sessions/core/adapter";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { ThulpSaver, type ThulpSaverOptions } from "@thulp-sessions/langgraph";
import { describe, expect, test } from "vitest";

const ID = idFromNames("langgraph", "thread") as SessionId;
const CONFIG = { configurable: { thread_id: "thread", checkpoint_ns: "" } };
const METADATA = { source: "loop", step: 1, parents: {} } as const;

/** Puts checkpoints one after the other, each the child of the one before. */
class Run {
  readonly store: SessionStore;
  readonly saver: ThulpSaver;
  config: { configurable?: Record<string, unknown> } = CONFIG;
  #version = 0;

  constructor(options: ThulpSaverOptions = {}, store: SessionStore = new MemoryStore()) {
    this.store = store;
    this.saver = new ThulpSaver(store, options);
  }

  async put(values: Readonly<Record<string, unknown>>, metadata: object = METADATA): Promise<Checkpoint> {
    const versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, ++this.#version]));
    const id = uuid6(this.#version);
    const checkpoint = { ...emptyCheckpoint(), id, channel_values: values, channel_versions: versions };
    this.config = await this.saver.put(this.config, checkpoint, metadata as typeof METADATA, versions);
    return checkpoint;
  }

  async values(saver: ThulpSaver = new ThulpSaver(this.store)): Promise<Record<string, unknown>> {
    return (await saver.getTuple(this.config))?.checkpoint.channel_values ?? {};
  }

  async entries() {
    return (await this.store.get(ID)).entries;
  }
}

const human = (id: string, content = `text of ${id}`) => new HumanMessage({ id, content });

describe("a thread", () => {
  test("is a session that is found by the thread's own id, and reads as a conversation", async () => {
    const run = new Run({ tags: ["project:x"], clock: () => 1234 });
    const question = human("1", "What does the zebra eat?");
    await run.saver.putWrites(
      { configurable: { ...CONFIG.configurable, checkpoint_id: "x" } },
      [["messages", [new HumanMessage("What does the zebra eat?")]]],
      "task",
    );
    await run.put({ messages: [question] });
    const answer = new AIMessage({ id: "2", content: "Grass." });
    const tool = new ToolMessage({
      id: "3",
      content: "no",
      tool_call_id: "c",
      name: "look",
      status: "error",
    });
    await run.put({ messages: [question, answer, tool] });

    const { items } = await run.store.list({ filter: { tag: 'langgraph:key:["thread"]' } });
    expect(items).toMatchObject([
      {
        id: ID,
        name: "thread",
        tags: ["langgraph", 'langgraph:key:["thread"]', "project:x"],
        createdAt: 1234,
      },
    ]);
    const said = (await run.entries()).filter(({ entryType }) => entryType.type !== "system_event");
    expect(said.map(({ entryType }) => entryType)).toEqual([
      { type: "user_message" },
      { type: "assistant_message" },
      { type: "tool_call", toolName: "look", success: false },
    ]);
    const hits = await run.store.search({ text: "zebra", types: ["user_message"] });
    expect(hits.items).toHaveLength(1);
  });

  test("holds each message once, however many checkpoints have it", async () => {
    const run = new Run();
    const messages: BaseMessage[] = [];
    for (let i = 0; i < 30; i++) {
      messages.push(human(String(i)));
      await run.put({ messages: [...messages] });
    }
    const types = (await run.entries()).map(({ entryType }) => entryType.type);
    expect(types.filter((type) => type === "user_message")).toHaveLength(30);
    expect(types).toHaveLength(60);
    expect(JSON.stringify(await run.entries()).length).toBeLessThan(60 * 800);
    expect((await run.values())["messages"]).toEqual(messages);
  });

  test("keeps its lists through trimming, removing and replacing", async () => {
    const run = new Run();
    const all = Array.from({ length: 10 }, (_, i) => human(String(i)));
    const lists = [
      all,
      all.slice(0, 4),
      all.slice(2, 4),
      [...all.slice(2, 4), human("x")],
      [],
      [all[9]],
      all,
    ];
    const configs = [];
    for (const messages of lists) {
      await run.put({ messages });
      configs.push(run.config);
    }
    for (const saver of [run.saver, new ThulpSaver(run.store)]) {
      for (const [i, config] of configs.entries()) {
        run.config = config;
        expect((await run.values(saver))["messages"]).toEqual(lists[i]);
      }
    }
  });

  test("of any text id is a thread of its own", async () => {
    const saver = new ThulpSaver(new MemoryStore());
    const ids = ["", "__proto__", "half \ud83d", "half \ufffd", '"],["', "x".repeat(20_000)];
    for (const thread_id of ids)
      await saver.put({ configurable: { thread_id } }, { ...emptyCheckpoint(), id: thread_id }, METADATA, {});
    const found = [];
    for await (const { config } of saver.list({})) found.push(config.configurable?.["thread_id"]);
    expect(found.sort()).toEqual([...ids].sort());
    const config = { configurable: { thread_id: "x".repeat(70_000) } };
    await expect(saver.put(config, emptyCheckpoint(), METADATA, {})).rejects.toThrow("too long");
    await expect(
      saver.put({ configurable: { thread_id: 7 } }, emptyCheckpoint(), METADATA, {}),
    ).rejects.toThrow(TypeError);
  });

  test("whose parent is not stored keeps all values", async () => {
    const run = new Run();
    const checkpoint = {
      ...emptyCheckpoint(),
      channel_values: { old: 1, fresh: 2 },
      channel_versions: { old: 1, fresh: 2 },
    };
    const configurable = { ...CONFIG.configurable, checkpoint_id: "gone" };
    run.config = await run.saver.put({ configurable }, checkpoint, METADATA, { fresh: 2 });
    expect(await run.values()).toEqual({ old: 1, fresh: 2 });
  });

  test("that forks has one version of a channel twice, with the values of each fork", async () => {
    const run = new Run();
    await run.put({ messages: [human("1")], state: "root" });
    const root = run.config;
    const forks = [];
    for (const name of ["a", "b", "c"]) {
      const checkpoint = {
        ...emptyCheckpoint(),
        id: uuid6(7),
        channel_values: { messages: [human("1"), human(name)], state: name },
        channel_versions: { messages: 3, state: 3 },
      };
      const newVersions = { messages: 3, state: 3 };
      forks.push({ name, config: await run.saver.put(root, checkpoint, METADATA, newVersions) });
    }
    for (const { name, config } of forks) {
      run.config = config;
      expect(await run.values()).toEqual({ messages: [human("1"), human(name)], state: name });
    }
  });

  test("holds messages of any size", async () => {
    const run = new Run();
    const messages = [human("1"), human("2", `${"large ".repeat(1_600_000)}\ud83d`), human("3")];
    await run.put({ messages });
    await run.put({ messages: [...messages, human("4")], blob: new Uint8Array(6_500_000).fill(7) });
    for (const saver of [run.saver, new ThulpSaver(run.store)]) {
      const values = await run.values(saver);
      const contents = (values["messages"] as BaseMessage[]).map(({ content }) => content);
      for (const [i, { content }] of [...messages, human("4")].entries())
        expect(contents[i] === content).toBe(true);
      expect((values["blob"] as Uint8Array).length).toBe(6_500_000);
    }
    await run.saver.compact("thread", { keep: 1 });
    expect((await run.values())["messages"]).toHaveLength(4);
  });

  test("is stored as a serde writes it, encrypted too", async () => {
    const plain = new JsonPlusSerializer();
    const flip = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0x5a);
    const serde = {
      dumpsTyped: async (value: unknown): Promise<[string, Uint8Array]> => {
        const [type, bytes] = await plain.dumpsTyped(value);
        return [`${type}+flipped`, flip(bytes)];
      },
      loadsTyped: async (type: string, data: Uint8Array | string) =>
        plain.loadsTyped(type.replace("+flipped", ""), flip(data as Uint8Array)),
    };
    const run = new Run({ serde });
    await run.put({ messages: [human("1", "a secret")], state: { secret: 1 } });
    await run.put({ messages: [human("1", "a secret"), human("2")] });
    const saver = new ThulpSaver(run.store, { serde });
    expect((await run.values(saver))["messages"]).toHaveLength(2);
    expect(JSON.stringify(await run.entries())).not.toContain("secret");
    await saver.compact("thread", { keep: 1 });
    expect((await run.values(saver))["messages"]).toHaveLength(2);
  });

  test("whose entries another program has removed is read as far as it is whole", async () => {
    const run = new Run();
    const messages = [human("1"), human("2")];
    await run.put({ messages });
    const whole = run.config;
    await run.put({ messages: [...messages, human("3")] });
    const session = await run.store.get(ID);
    const entries = session.entries.filter(({ content }) => !JSON.stringify(content).includes("text of 3"));
    await run.store.replace({ ...session, entries }, {});
    const error = await run.values().then(
      () => undefined,
      (reason) => reason,
    );
    expect(isSessionError(error, "corrupt")).toBe(true);
    const before = await new ThulpSaver(run.store).getTuple(whole);
    expect(before?.checkpoint.channel_values["messages"]).toEqual(messages);
    // A graph goes on from it, and what it puts is whole again.
    await run.put({ messages: [...messages, human("3"), human("4")] });
    expect((await run.values())["messages"]).toHaveLength(4);
  });

  test("may hold entries of others, and be deleted", async () => {
    const run = new Run();
    await run.put({ messages: [human("1")] });
    const entryType = { type: "user_message" } as const;
    const id = idFromNames("test", "note") as never;
    await run.store.append(ID, [{ id, timestamp: 1, entryType, content: { text: "a note" } }], { at: 1 });
    await run.put({ messages: [human("1"), human("2")] });
    await run.put({ messages: [human("3")] });
    await run.saver.compact("thread", { keep: 1 });
    expect((await run.values())["messages"]).toEqual([human("3")]);
    expect((await run.entries()).map(({ content }) => content)).toContainEqual({ text: "a note" });
    await run.saver.deleteThread("thread");
    await run.saver.deleteThread("thread");
    expect(await new ThulpSaver(run.store).getTuple(run.config)).toBe(undefined);
    await run.put({ messages: [human("5")] });
    expect((await run.values())["messages"]).toEqual([human("5")]);
  });
});

describe("trusted items", () => {
  test("are serialized once, and again when a reducer gives them an id", async () => {
    let dumps = 0;
    const plain = new JsonPlusSerializer();
    const serde = {
      dumpsTyped: (value: unknown) => {
        dumps++;
        return plain.dumpsTyped(value);
      },
      loadsTyped: (type: string, data: Uint8Array | string) => plain.loadsTyped(type, data),
    };
    const run = new Run({ serde, trustItems: true });
    const messages: BaseMessage[] = [new HumanMessage("no id yet")];
    await run.put({ messages: [...messages] });
    // As LangGraph's own reducer does.
    Object.assign(messages[0] as HumanMessage, { id: "given later" });
    Object.assign((messages[0] as HumanMessage).lc_kwargs, { id: "given later" });
    for (let i = 0; i < 20; i++) {
      messages.push(human(String(i)));
      await run.put({ messages: [...messages] });
    }
    // Of each checkpoint itself, its metadata and its new message; the first one twice.
    expect(dumps).toBe(2 + 1 + 20 * 3 + 1);
    expect((await run.values())["messages"]).toEqual(messages);
  });
});

describe("compacting", () => {
  test("keeps the last checkpoints of each namespace, and nothing else", async () => {
    const run = new Run();
    const configs = [];
    const messages: BaseMessage[] = [];
    for (let i = 0; i < 10; i++) {
      messages.push(human(String(i)));
      await run.put({ messages: messages.slice(-3), step: i });
      await run.saver.putWrites(run.config, [["messages", [human(`w${i}`)]]], "task");
      configs.push(run.config);
    }
    const other = await run.saver.put(
      { configurable: { thread_id: "thread", checkpoint_ns: "child" } },
      { ...emptyCheckpoint(), channel_values: { a: "child" }, channel_versions: { a: 1 } },
      METADATA,
      { a: 1 },
    );
    const before = await Promise.all(configs.slice(-2).map((config) => run.saver.getTuple(config)));
    const report = await run.saver.compact("thread", { keep: 2 });
    expect(report).toMatchObject({ checkpointsKept: 3, checkpointsRemoved: 8 });
    expect(report.entriesKept).toBe((await run.entries()).length);
    for (const saver of [run.saver, new ThulpSaver(run.store)]) {
      expect(await Promise.all(configs.slice(-2).map((config) => saver.getTuple(config)))).toEqual(before);
      expect(await saver.getTuple(configs[3] as typeof run.config)).toBe(undefined);
      expect((await saver.getTuple(other))?.checkpoint.channel_values).toEqual({ a: "child" });
    }
    const texts = JSON.stringify(await run.entries());
    for (let i = 0; i < 6; i++) expect(texts).not.toContain(`"text of ${i}"`);
    expect(await run.saver.compact("thread", { keep: 2 })).toMatchObject({ entriesRemoved: 0 });
    expect(await run.saver.compact("no such thread", { keep: 2 })).toMatchObject({ entriesKept: 0 });
    await expect(run.saver.compact("thread", { keep: 0 })).rejects.toThrow(TypeError);
  });

  test("keeps what the value of a delta channel is made from", async () => {
    const run = new Run();
    await run.put({ messages: [] });
    await run.put({ messages: new DeltaSnapshot([0]) });
    for (let i = 1; i <= 4; i++) {
      await run.saver.putWrites(run.config, [["messages", [i]]], "task");
      await run.put({}, { ...METADATA, counters_since_delta_snapshot: { messages: [i, i] } });
    }
    const history = () =>
      new ThulpSaver(run.store).getDeltaChannelHistory({ config: run.config, channels: ["messages"] });
    const before = await history();
    expect(before["messages"]?.writes.map((write) => write[2])).toEqual([[1], [2], [3], [4]]);
    const report = await run.saver.compact("thread", { keep: 1 });
    expect(report).toMatchObject({ checkpointsKept: 5, checkpointsRemoved: 1 });
    expect(await history()).toEqual(before);
  });
});
