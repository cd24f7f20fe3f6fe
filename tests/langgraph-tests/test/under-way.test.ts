// LangGraph does not wait for the writes of a task before it puts the checkpoint after it: both are under
// way, with the same messages.
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { type Checkpoint, emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { SessionError, type SessionId } from "@thulp-sessions/core";
import { idFromNames } from "@thulp-sessions/core/adapter";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { ThulpSaver } from "@thulp-sessions/langgraph";
import { describe, expect, test } from "vitest";

const ID = idFromNames("langgraph", "thread") as SessionId;
const METADATA = { source: "loop", step: 1, parents: {} } as const;

type Config = { configurable: Record<string, string> };

function checkpointOf(messages: readonly BaseMessage[], step: number): Checkpoint {
  const versions = { messages: step };
  return {
    ...emptyCheckpoint(),
    id: uuid6(step),
    channel_values: { messages },
    channel_versions: versions,
  };
}

describe.each([{ trustItems: true }, { trustItems: false }])("with %o", (options) => {
  const withRoot = async (store: MemoryStore) => {
    const saver = new ThulpSaver(store, options);
    const root: Config = { configurable: { thread_id: "thread", checkpoint_ns: "" } };
    const config = (await saver.put(root, checkpointOf([], 1), METADATA, { messages: 1 })) as Config;
    return { saver, config };
  };

  test("both are stored as if one had waited for the other, each message once", async () => {
    const store = new MemoryStore();
    let { saver, config } = await withRoot(store);
    let messages: BaseMessage[] = [];
    const long = "x".repeat(70_000);
    for (let step = 2; step < 12; step++) {
      const question = new HumanMessage({ id: `${step}`, content: step % 3 ? `question ${step}` : long });
      // Of which the reducer makes one with an id.
      const answer = new AIMessage(`answer ${step}`);
      const written = ["a", "b"].map((task) =>
        saver.putWrites(config, [["messages", [question, answer]]], task),
      );
      const identified = new AIMessage({ id: `answer ${step}`, content: answer.content });
      messages = [...messages, question, identified];
      const put = saver.put(config, checkpointOf(messages, step), METADATA, { messages: step });
      [config] = (await Promise.all([put, ...written])) as [Config, ...unknown[]];
    }
    // What this saver knows is what another one reads.
    for (const reader of [saver, new ThulpSaver(store)]) {
      const newest = await reader.getTuple(config);
      expect(newest?.checkpoint.channel_values["messages"]).toEqual(messages);
      const parent = await reader.getTuple(newest?.parentConfig ?? config);
      expect(
        parent?.pendingWrites?.map(([task, , value]) => [task, (value as BaseMessage[]).length]),
      ).toEqual([
        ["a", 2],
        ["b", 2],
      ]);
    }
    const { entries } = await store.get(ID);
    const said = entries.filter(({ entryType }) => /^(user|assistant)_message$/.test(entryType.type));
    expect(said.map(({ content }) => (content as { kwargs: { id: string } }).kwargs.id)).toEqual(
      messages.map(({ id }) => id),
    );
  });

  test("a checkpoint has its messages when the writes that were under way with it are not stored", async () => {
    const store = new MemoryStore();
    const { saver, config } = await withRoot(store);
    const append = store.append.bind(store);
    let fail = (_: Error) => {};
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    store.append = (id, entries, given) => {
      const isWrites = entries.some(
        ({ entryType }) => entryType.type === "system_event" && entryType.event === "langgraph:writes",
      );
      if (!isWrites) return append(id, entries, given);
      begin();
      return new Promise((_, reject) => {
        fail = reject;
      });
    };
    const messages = [new HumanMessage({ id: "1", content: "a question" })];
    const written = saver.putWrites(config, [["messages", messages]], "task");
    await begun;
    const put = saver.put(config, checkpointOf(messages, 2), METADATA, { messages: 2 });
    const after = await put;
    fail(new SessionError("io", "The disk is full."));
    await expect(written).rejects.toMatchObject({ code: "io" });
    for (const reader of [saver, new ThulpSaver(store)])
      expect((await reader.getTuple(after))?.checkpoint.channel_values["messages"]).toEqual(messages);
  });
});
