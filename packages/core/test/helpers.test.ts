import {
  assistantMessage,
  duration,
  isAtTurnLimit,
  remainingTurns,
  SessionManager,
  skillExecution,
  toolCall,
  turnCount,
  userMessage,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { expect, test } from "vitest";

test("drafts are entries to add", async () => {
  const manager = new SessionManager(new MemoryStore());
  const { metadata } = await manager.createSession("x", { type: "conversation", purpose: "p" });
  const drafts = [
    userMessage("Hello"),
    toolCall("grep", false, { lines: [] }),
    skillExecution("sort", true, null),
    assistantMessage("Hi"),
  ];
  await manager.addEntries(metadata.id, drafts);
  const session = await manager.loadSession(metadata.id);
  expect(session.entries.map(({ entryType, content }) => ({ entryType, content }))).toEqual([
    { entryType: { type: "user_message" }, content: { text: "Hello" } },
    { entryType: { type: "tool_call", toolName: "grep", success: false }, content: { lines: [] } },
    { entryType: { type: "skill_execution", skillName: "sort", success: true }, content: null },
    { entryType: { type: "assistant_message" }, content: { text: "Hi" } },
  ]);
  expect(turnCount(session)).toBe(1);
  expect(turnCount(await manager.store.head(metadata.id))).toBe(1);
});

test.each([
  [0, undefined, null, false],
  [0, 0, 0, true],
  [1, 2, 1, false],
  [2, 2, 0, true],
  [5, 2, 0, true],
])("%i turns of at most %s leave %s", (turns, maxTurns, remaining, atLimit) => {
  const limits = maxTurns === undefined ? {} : { maxTurns };
  expect(remainingTurns({ turnCount: turns }, limits)).toBe(remaining);
  expect(isAtTurnLimit({ turnCount: turns }, limits)).toBe(atLimit);
});

test("a duration is never negative", () => {
  expect(duration({ metadata: { createdAt: 10, updatedAt: 35 } })).toBe(25);
  expect(duration({ metadata: { createdAt: 35, updatedAt: 10 } })).toBe(0);
});
