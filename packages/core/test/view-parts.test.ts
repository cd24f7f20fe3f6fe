import { describe, expect, test } from "vitest";
import { callTitle, defaultParts, importedRecord, isImported } from "../src/view.ts";

const user = { type: "user_message" } as const;
const assistant = { type: "assistant_message" } as const;
const tool = { type: "tool_call", toolName: "Bash", success: true } as const;

describe("what a person sees of a content", () => {
  test("is its text, and what is beside it", () => {
    expect(defaultParts("hello", user)).toEqual([{ type: "text", text: "hello" }]);
    expect(defaultParts({ text: "hello" }, user)).toEqual([{ type: "text", text: "hello" }]);
    expect(defaultParts({ role: "user", content: "hello" }, user)).toEqual([{ type: "text", text: "hello" }]);
    expect(defaultParts({ text: "hello", model: "m" }, user)).toEqual([
      { type: "text", text: "hello" },
      { type: "json", label: "beside it", value: { model: "m" } },
    ]);
    expect(defaultParts({ a: 1 }, user)).toEqual([{ type: "json", label: "", value: { a: 1 } }]);
    expect(defaultParts(null, user)).toEqual([{ type: "json", label: "", value: null }]);
    expect(defaultParts([], user)).toEqual([{ type: "json", label: "", value: [] }]);
  });

  test("of the records of agents is the message in them", () => {
    const content = [
      { type: "thinking", thinking: "hm" },
      { type: "text", text: "I look." },
      { type: "tool_use", id: "1", name: "Read", input: { file_path: "a.ts" } },
    ];
    expect(
      defaultParts({ type: "assistant", uuid: "u", message: { role: "assistant", content } }, assistant),
    ).toEqual([
      { type: "thinking", text: "hm" },
      { type: "text", text: "I look." },
      { type: "call", name: "Read", input: { file_path: "a.ts" } },
    ]);
    const result = {
      message: { content: [{ type: "tool_result", content: [{ type: "text", text: "42" }] }] },
    };
    expect(defaultParts(result, tool)).toEqual([{ type: "output", label: "result", text: "42" }]);
    const codex = {
      type: "response_item",
      payload: { role: "user", content: [{ type: "input_text", text: "do" }] },
    };
    expect(defaultParts(codex, user)).toEqual([{ type: "text", text: "do" }]);
  });

  test("of a call is what went in before what came out", () => {
    const parts = defaultParts({ output: "ok", command: "ls", input: { a: 1 } }, tool);
    expect(parts).toEqual([
      { type: "json", label: "input", value: { a: 1 } },
      { type: "json", label: "", value: { command: "ls" } },
      { type: "output", label: "output", text: "ok" },
    ]);
    expect(defaultParts({}, tool)).toEqual([{ type: "json", label: "", value: {} }]);
    const named = JSON.parse('{"__proto__": {"x": 1}}');
    expect(JSON.stringify(defaultParts(named, tool))).toContain('{"__proto__":{"x":1}}');
  });

  test("in one line is its most telling field", () => {
    expect(callTitle({ zeta: "z", description: "d", input: { command: "ls" } })).toBe("ls");
    expect(callTitle({ url: "u", path: "p" })).toBe("p");
    expect(callTitle({ deep: [{ only: "this" }] })).toBe("this");
    expect(callTitle("plain")).toBe("plain");
    expect(callTitle([1, 2])).toBe("");
  });

  test("of what an import has stored is the record in it, or the line that is none", () => {
    const source = { agent: "smith", session: "s" };
    const record = { type: "user", message: { role: "user", content: "hello" } };
    expect(defaultParts({ source, record }, user)).toEqual([{ type: "text", text: "hello" }]);
    expect(importedRecord({ source, record })).toBe(record);
    expect(defaultParts({ source, text: '{"torn' }, user)).toEqual([
      { type: "output", label: "", text: '{"torn' },
    ]);
    expect(defaultParts({ source, file: { path: "plan.md" }, text: "1." }, user)).toEqual([
      { type: "notice", text: "file plan.md" },
      { type: "output", label: "", text: "1." },
    ]);
    expect(defaultParts({ source, base64: "AAAA" }, user)).toEqual([
      { type: "notice", text: "bytes, about 3 bytes" },
    ]);
    expect(isImported({ source: { agent: 1 }, record })).toBe(false);
    expect(importedRecord({ source, text: "x" })).toBe(null);
  });

  test("of thoughts that are sealed is that there were some", () => {
    const notice = { type: "notice", text: "thoughts that only the model can read" };
    const content = [
      { type: "thinking", thinking: "", signature: "s" },
      { type: "redacted_thinking", data: "x" },
    ];
    expect(defaultParts({ message: { content } }, assistant)).toEqual([notice, notice]);
  });

  test("of a picture is what it is, and not its bytes", () => {
    const data = "A".repeat(4000);
    const blocks = [
      { type: "text", text: "look" },
      { type: "image", source: { type: "base64", media_type: "image/png", data } },
      { type: "input_image", image_url: `data:image/gif;base64,${data}` },
      { type: "image_url", image_url: { url: "https://example.invalid/a.png" } },
    ];
    expect(defaultParts({ message: { content: blocks } }, user)).toEqual([
      { type: "text", text: "look" },
      { type: "notice", text: "image/png, about 3,000 bytes" },
      { type: "notice", text: expect.stringMatching(/^image\/gif, about 3,0\d\d bytes$/) },
      { type: "notice", text: "picture: https://example.invalid/a.png" },
    ]);
    const result = { message: { content: [{ type: "tool_result", content: blocks.slice(0, 2) }] } };
    expect(defaultParts(result, tool)).toEqual([
      { type: "output", label: "result", text: "look" },
      { type: "notice", text: "image/png, about 3,000 bytes" },
    ]);
  });
});
