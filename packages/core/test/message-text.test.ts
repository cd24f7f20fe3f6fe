import { describe, expect, it } from "vitest";
import { messageText } from "../src/text/visible-text.ts";

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
