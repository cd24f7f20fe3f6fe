import type { JsonValue } from "@thulp-sessions/core";
import { DEFAULT_VIEW } from "@thulp-sessions/core/view";
import { expect, test } from "vitest";
import { entryTitle, loadView, shownParts } from "../src/content/entry-view.ts";

const entry = (content: unknown, type: "user_message" | "system_event" = "user_message") => ({
  entryType: type === "user_message" ? { type } : { type, event: "codex:x" },
  content: content as JsonValue,
  timestamp: 0,
});
const source = { agent: "codex", session: "s" };
const call = {
  type: "response_item",
  payload: { type: "function_call", name: "shell", arguments: '{"command":"make"}' },
};

test("an entry is shown by the view of its session's agent, and by that of any where there is none", async () => {
  const view = await loadView(["project:x", "agent:codex"]);
  expect(shownParts(view, entry({ source, record: call }))).toEqual([
    { type: "call", name: "shell", input: { command: "make" } },
  ]);
  expect(await loadView(["ci"])).toBe(DEFAULT_VIEW);
  expect(shownParts(DEFAULT_VIEW, entry({ text: "hello" }))).toEqual([{ type: "text", text: "hello" }]);
});

test("its title is what a call was about, or what it says first", async () => {
  const view = await loadView(["agent:codex"]);
  expect(entryTitle(view, entry({ source, record: call }))).toBe("make");
  expect(entryTitle(view, entry({ source, text: '{"torn' }, "system_event"))).toBe('{"torn');
  expect(entryTitle(DEFAULT_VIEW, entry({ zeta: "z", input: { command: "ls" } }))).toBe("ls");
  expect(entryTitle(DEFAULT_VIEW, entry([1, 2]))).toBe("");
});
