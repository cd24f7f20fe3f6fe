import { describe, expect, it } from "vitest";
import { messageText } from "../src/text/message-text.ts";

const message = (kwargs: object) => ({
  lc: 1,
  type: "constructor",
  id: ["langchain_core", "messages", "AIMessage"],
  kwargs,
});

describe("the text of a message", () => {
  it("is what it says, without what the provider adds", () => {
    const usage = { id: "m1", usage_metadata: { output_tokens: 3 }, tool_calls: [], additional_kwargs: {} };
    expect(messageText(message({ content: "Hello", ...usage }))).toBe("Hello");
    expect(messageText({ type: "human", data: { content: "Hi" } })).toBe("Hi");
    const blocks = [
      { type: "text", text: "one" },
      { type: "text", text: "two" },
    ];
    expect(messageText(message({ content: blocks }))).toBe("one\n\ntwo");
  });

  it("is what the parts of a UIMessage say", () => {
    const text = { type: "text", text: "Hello", state: "done", providerMetadata: { x: {} } };
    const parts = [{ type: "step-start" }, text, { type: "step-start" }, { type: "text", text: "you" }];
    expect(messageText({ id: "1", role: "assistant", metadata: { tokens: 3 }, parts })).toBe("Hello\n\nyou");
    for (const other of [
      { id: "1", role: "assistant", parts: [...parts, { type: "reasoning", text: "hidden" }] },
      { id: "1", role: "assistant", parts: [...parts, { type: "tool-look", input: {} }] },
      { id: "1", role: "user", parts: [{ type: "step-start" }] },
      { id: "1", role: "user", parts: [] },
      { id: "1", role: "user", parts: [null] },
      { id: "1", role: "user", parts, attachments: [] },
      { role: "user", parts },
    ])
      expect(messageText(other)).toBe(null);
  });

  it("is what an item of the OpenAI Agents SDK says", () => {
    expect(messageText({ role: "user", content: "Hello" })).toBe("Hello");
    const blocks = [{ type: "output_text", text: "Hello", providerData: {} }];
    const item = { type: "message", id: "m", role: "assistant", status: "completed", content: blocks };
    expect(messageText(item)).toBe("Hello");
    for (const other of [
      { ...item, content: [...blocks, { type: "refusal", refusal: "no" }] },
      { ...item, type: "function_call" },
      { ...item, more: 1 },
      { ...item, content: [] },
      { content: "Hello" },
    ])
      expect(messageText(other)).toBe(null);
  });

  it("is what a line of Claude's transcripts says", () => {
    const message = { role: "assistant", content: [{ type: "text", text: "Hello" }], usage: {} };
    const line = { type: "assistant", uuid: "u", parentUuid: null, cwd: "/x", message };
    expect(messageText(line)).toBe("Hello");
    expect(messageText({ type: "user", message: { role: "user", content: "Hi" } })).toBe("Hi");
    const call = { type: "tool_use", id: "t", name: "Read", input: {} };
    for (const other of [
      { ...line, message: { ...message, content: [...message.content, call] } },
      { ...line, type: "system" },
      { ...line, toolUseResult: {} },
      { ...line, message: "Hello" },
    ])
      expect(messageText(other)).toBe(null);
  });

  it("is none where something else would be hidden", () => {
    for (const content of [
      message({ content: "", tool_calls: [{ name: "look" }] }),
      message({ content: "a", invalid_tool_calls: [{ name: "look" }] }),
      message({ content: "a", additional_kwargs: { reasoning: "b" } }),
      message({ content: [{ type: "text", text: "a" }, { type: "image_url" }] }),
      message({ content: [] }),
      message({}),
      { ...message({ content: "a" }), id: ["langchain_core", "prompts", "x"] },
      { type: "human", data: { content: "a" }, more: 1 },
      { type: "human", content: "a" },
      "text",
      null,
      [],
    ])
      expect(messageText(content)).toBe(null);
  });
});
