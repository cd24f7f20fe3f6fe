import type { Session, SessionEntry, SessionId } from "@thulp-sessions/core";

const id = (n: number) => `0190a3c5-7b1e-7c3a-9d4f-00000000000${n}` as SessionId;
const entryId = (n: number) => `0190a3c5-7b1e-7c3a-9d4f-0000000000e${n}` as SessionEntry["id"];

/**
 * What test/fixtures/schema-1.db was written with, by the version that released that schema. Never to be
 * changed.
 */
export const FIXTURE_SESSIONS: readonly Session[] = [
  {
    metadata: {
      id: id(1),
      name: "Ünïcode \u0000 漢字 😀",
      sessionType: { type: "teacher_demo", task: "task", model: "model" },
      createdAt: 1,
      updatedAt: 9007199254740991,
      status: "completed",
      tags: ["b", "a", "b"],
      parentSession: id(2),
    },
    context: JSON.parse('{"__proto__":{"x":1},"deep":[[[]]],"n":1.5e300}'),
    entries: [
      { id: entryId(1), timestamp: 1, entryType: { type: "user_message" }, content: { text: "Hello alpha" } },
      { id: entryId(2), timestamp: 2, entryType: { type: "assistant_message" }, content: "beta" },
      {
        id: entryId(2),
        timestamp: 3,
        entryType: { type: "tool_call", toolName: "t", success: false },
        content: null,
      },
      {
        id: entryId(3),
        timestamp: 4,
        entryType: { type: "skill_execution", skillName: "s", success: true },
        content: [],
      },
      {
        id: entryId(4),
        timestamp: 5,
        entryType: {
          type: "evaluation_result",
          score: 0.25,
          metrics: JSON.parse('{"__proto__":2,"m":-1e-7}'),
        },
        content: { nested: { text: "alpha gamma" } },
      },
      {
        id: entryId(5),
        timestamp: 6,
        entryType: { type: "system_event", event: "e" },
        content: '\u0000\u2028"\\',
      },
      { id: entryId(6), timestamp: 7, entryType: { type: "system_message" }, content: 12345678901 },
    ],
  },
  {
    metadata: {
      id: id(2),
      name: "alpha",
      sessionType: { type: "conversation", purpose: "" },
      createdAt: 5,
      updatedAt: 6,
      status: "active",
      tags: [],
      parentSession: null,
    },
    context: {},
    entries: [],
  },
  {
    metadata: {
      id: id(3),
      name: "",
      sessionType: { type: "evaluation", skillName: "s", testCases: 3 },
      createdAt: 7,
      updatedAt: 7,
      status: "paused",
      tags: [""],
      parentSession: null,
    },
    context: { key: "value" },
    entries: [{ id: entryId(1), timestamp: 1, entryType: { type: "user_message" }, content: "delta" }],
  },
];
