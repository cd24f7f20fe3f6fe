import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { idFromNames } from "@thulp-sessions/core/adapter";
import { ThulpChatMessageHistory, ThulpSaver } from "@thulp-sessions/langgraph";
import { LOCAL_KINDS } from "@thulp-sessions/testing-stores";
import { describe, expect, test } from "vitest";

describe.each(LOCAL_KINDS)("over $name", (kind) => {
  test("a chat history keeps messages of every kind, of several writers", async () => {
    const place = await kind.place();
    const store = await place.open();
    const sessionId = "user 7 \ud83d";
    const history = new ThulpChatMessageHistory(store, { sessionId, clock: () => 5, tags: ["x"] });
    expect(await history.getMessages()).toEqual([]);
    await history.clear();
    const messages = [
      new SystemMessage("be brief"),
      new HumanMessage("half \ud83d"),
      new AIMessage({ content: "", tool_calls: [{ id: "c", name: "look", args: { at: 1 } }] }),
      new ToolMessage({ content: "seen", tool_call_id: "c", name: "look" }),
    ];
    await history.addMessages(messages);
    await history.addUserMessage("and now?");
    await history.addMessages([]);
    const other = new ThulpChatMessageHistory(await place.open(), { sessionId });
    const read = await other.getMessages();
    expect(read.map((message) => [message.getType(), message.content])).toEqual([
      ["system", "be brief"],
      ["human", "half \ud83d"],
      ["ai", ""],
      ["tool", "seen"],
      ["human", "and now?"],
    ]);
    expect((read[2] as AIMessage).tool_calls).toMatchObject([{ id: "c", name: "look", args: { at: 1 } }]);
    await Promise.all([...Array(10)].map((_, i) => (i % 2 ? history : other).addUserMessage(String(i))));
    expect(await history.getMessages()).toHaveLength(15);

    const id = idFromNames("langgraph:history", sessionId);
    const { metadata, context } = await store.head(id);
    expect(metadata).toMatchObject({
      name: "user 7 \ufffd",
      createdAt: 5,
      tags: ["langgraph", expect.any(String), "x"],
    });
    expect(context).toEqual({});
    const { items } = await store.readEntries(id, { limit: 4 });
    expect(items.map(({ entryType }) => entryType)).toEqual([
      { type: "system_message" },
      { type: "user_message" },
      { type: "assistant_message" },
      { type: "tool_call", toolName: "look", success: true },
    ]);
    // It is no thread.
    for await (const tuple of new ThulpSaver(store).list({})) expect(tuple).toBe(undefined);
    await history.clear();
    expect(await other.getMessages()).toEqual([]);
    await place.dispose();
  });
});
