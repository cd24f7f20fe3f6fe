// Graphs of LangGraph itself: the example of the README, over every store.
import { HumanMessage } from "@langchain/core/messages";
import { Command } from "@langchain/langgraph";
import { LOCAL_KINDS } from "@thulp-sessions/testing-stores";
import { describe, expect, test } from "vitest";
import { assistant } from "../example/assistant.ts";

describe.each(LOCAL_KINDS)("over $name", (kind) => {
  test("a graph waits for a person, goes on in another process, and can be gone back in", async () => {
    const place = await kind.place();
    const config = { configurable: { thread_id: "holidays" } };
    const asked = await assistant(await place.open()).invoke(
      { messages: [new HumanMessage("Rome?")] },
      config,
    );
    expect(asked).toMatchObject({ __interrupt__: [{ value: "May I answer?" }] });

    // A new handle and a new saver know only what is stored.
    const later = assistant(await place.open());
    expect((await later.getState(config)).next).toEqual(["ask"]);
    const answered = await later.invoke(new Command({ resume: "yes" }), config);
    expect(answered.messages.map(({ text }) => text)).toEqual(["Rome?", "This is message 2."]);
    await later.invoke({ messages: [new HumanMessage("Paris?")] }, config);
    const again = await later.invoke(new Command({ resume: "no" }), config);
    expect(again.messages.map(({ text }) => text)).toEqual([
      "Rome?",
      "This is message 2.",
      "Paris?",
      "I would rather not.",
    ]);

    const history = [];
    for await (const state of later.getStateHistory(config)) history.push(state);
    const before = history.findLast(({ next }) => next.includes("answer"));
    const forked = await later.invoke(null, before?.config ?? {});
    expect(forked.messages.map(({ text }) => text)).toEqual(["Rome?", "This is message 2."]);

    // Read as a conversation: what was said stands there once.
    const store = await place.open();
    const { items } = await store.list({ filter: { tag: 'langgraph:key:["holidays"]' } });
    const { items: said } = await store.readEntries(items[0]?.id ?? "", {
      types: ["user_message", "assistant_message"],
    });
    const texts = said.map(({ content }) => (content as { kwargs: { content: string } }).kwargs.content);
    // The fork has answered again: that message has an id of its own.
    expect(texts).toEqual([
      "Rome?",
      "This is message 2.",
      "Paris?",
      "I would rather not.",
      "This is message 2.",
    ]);
    await place.dispose();
  });
});
