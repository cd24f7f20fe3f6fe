import type { JsonValue, SessionEntry, SessionStore } from "@thulp-sessions/core";
import { equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeEntry, makeSession, sessionId, T0, userEntry } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

// Longer than most files: all cases of one group, with the tables that they share.

const ID = sessionId(1);
const USER = { type: "user_message" } as const;
const LONE = "a\ud83d";

class Point {
  x = 1;
}

/** What JSON cannot hold without loss. */
function notJson(): Record<string, unknown> {
  const cycle: { self: unknown[] } = { self: [] };
  cycle.self.push(cycle);
  const hole = [1, 2, 3];
  delete hole[1];
  return {
    undefined: undefined,
    NaN: Number.NaN,
    Infinity: Number.POSITIVE_INFINITY,
    "-Infinity": Number.NEGATIVE_INFINITY,
    bigint: 1n,
    symbol: Symbol("s"),
    function: () => 1,
    Date: new Date(0),
    Map: new Map([["a", 1]]),
    Set: new Set([1]),
    RegExp: /x/,
    Uint8Array: new Uint8Array(2),
    "class instance": new Point(),
    Error: new Error("x"),
    Promise: Promise.resolve(1),
    "boxed string": new String("x"),
    cycle,
    hole,
    "symbol key": { [Symbol("s")]: 1 },
    "lone surrogate": LONE,
    "lone surrogate in a key": { [LONE]: 1 },
    "low surrogate first": "\ude00\ud83d",
  };
}

type Write = (store: SessionStore) => Promise<unknown>;

/** Every place where a JSON value can be given. */
function writesOf(value: unknown): Record<string, Write> {
  const json = value as JsonValue;
  const metrics = { m: value } as Record<string, number>;
  return {
    "a content": (store) => store.append(ID, [makeEntry(9, USER, json)], { at: T0 }),
    "a nested content": (store) => store.append(ID, [makeEntry(9, USER, [{ a: [json] }])], { at: T0 }),
    "a content in create": (store) => store.create(makeSession(2, { entries: [makeEntry(9, USER, json)] })),
    "a context": (store) => store.create(makeSession(2, { context: { a: json } })),
    "a content in replace": (store) => store.replace(makeSession(1, { entries: [makeEntry(9, USER, json)] })),
    setContext: (store) => store.update(ID, { setContext: { a: [json] } }, { at: T0 }),
    "context of update": (store) => store.update(ID, { context: { a: json } }, { at: T0 }),
    metrics: (store) =>
      store.append(ID, [makeEntry(9, { type: "evaluation_result", score: 1, metrics }, null)], { at: T0 }),
  };
}

export const refusalCases: readonly ConformanceCase[] = [
  conformanceCase(
    "refuse-not-json",
    ["VALUE-6", "VALUE-7", "CALL-2"],
    "what JSON cannot hold",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 2), context: { a: 1 } }));
      await changesNothing(store, "values that are not JSON", async () => {
        for (const [what, value] of Object.entries(notJson()))
          for (const [where, write] of Object.entries(writesOf(value)))
            await rejects(() => write(store), "invalid_input", `${what} as ${where}`);
      });
    },
  ),

  conformanceCase(
    "refuse-context",
    ["VALUE-6", "INPUT-2"],
    "a context that is no plain object",
    async (store) => {
      await store.create(makeSession(1, { context: { a: 1 } }));
      const contexts: Record<string, unknown> = {
        null: null,
        array: [],
        text: "x",
        number: 1,
        Map: new Map([["a", 1]]),
        Date: new Date(0),
        "class instance": new Point(),
        "symbol key": { [Symbol("s")]: 1 },
        "lone surrogate in a key": { [LONE]: 1 },
      };
      await changesNothing(store, "contexts that are none", async () => {
        for (const [what, given] of Object.entries(contexts)) {
          const context = given as Record<string, JsonValue>;
          await rejects(
            () => store.create(makeSession(2, { context })),
            "invalid_input",
            `${what} in create`,
          );
          await rejects(
            () => store.replace(makeSession(1, { context })),
            "invalid_input",
            `${what} in replace`,
          );
          await rejects(
            () => store.update(ID, { context }, { at: T0 }),
            "invalid_input",
            `${what} in update`,
          );
          await rejects(
            () => store.update(ID, { setContext: context }, { at: T0 }),
            "invalid_input",
            `${what} in setContext`,
          );
        }
      });
    },
  ),

  conformanceCase(
    "refuse-lone-surrogates",
    ["VALUE-7", "CALL-2"],
    "half a character, wherever text is stored",
    async (store) => {
      await store.create(makeSession(1));
      const append = (entryType: SessionEntry["entryType"]) => () =>
        store.append(ID, [makeEntry(9, entryType, null)], { at: T0 });
      const calls: Record<string, () => Promise<unknown>> = {
        name: () => store.create(makeSession(2, { name: LONE })),
        tag: () => store.create(makeSession(2, { tags: ["ok", LONE] })),
        task: () =>
          store.create(makeSession(2, { sessionType: { type: "teacher_demo", task: LONE, model: "" } })),
        model: () =>
          store.create(makeSession(2, { sessionType: { type: "teacher_demo", task: "", model: LONE } })),
        skillName: () =>
          store.create(
            makeSession(2, { sessionType: { type: "evaluation", skillName: LONE, testCases: 1 } }),
          ),
        purpose: () => store.create(makeSession(2, { sessionType: { type: "conversation", purpose: LONE } })),
        agentName: () => store.create(makeSession(2, { sessionType: { type: "agent", agentName: LONE } })),
        "name in update": () => store.update(ID, { name: LONE }, { at: T0 }),
        "tag in update": () => store.update(ID, { tags: [LONE] }, { at: T0 }),
        "type in update": () =>
          store.update(ID, { sessionType: { type: "agent", agentName: LONE } }, { at: T0 }),
        toolName: append({ type: "tool_call", toolName: LONE, success: true }),
        "skillName of an entry": append({ type: "skill_execution", skillName: LONE, success: true }),
        event: append({ type: "system_event", event: LONE }),
        metric: append({ type: "evaluation_result", score: 1, metrics: { [LONE]: 1 } }),
      };
      await changesNothing(store, "lone surrogates", async () => {
        for (const [what, call] of Object.entries(calls)) await rejects(call, "invalid_input", what);
      });
    },
  ),

  conformanceCase(
    "refuse-sizes",
    ["VALUE-8", "VALUE-9", "CALL-2"],
    "entries and names that are too long",
    async (store) => {
      await store.create(makeSession(1));
      const MiB = 1024 * 1024;
      const envelope = JSON.stringify(makeEntry(1, USER, "")).length;
      const entry = (bytes: number, char: string, charBytes: number) =>
        makeEntry(
          1,
          USER,
          char.repeat(Math.floor((bytes - envelope) / charBytes)) +
            "a".repeat((bytes - envelope) % charBytes),
        );
      const name = (bytes: number) => "€".repeat(Math.floor(bytes / 3)) + "a".repeat(bytes % 3);
      await changesNothing(store, "what is too long", async () => {
        // In UTF-16 units, or before escaping, none of the last three is too long.
        for (const [char, bytes] of [
          ["a", 1],
          ["€", 3],
          ["😀", 4],
          ["\0", 6],
        ] as const) {
          const long = entry(16 * MiB + 1, char, bytes);
          await rejects(() => store.append(ID, [long], { at: T0 }), "invalid_input", `append of ${char}`);
        }
        const long = entry(16 * MiB + 1, "a", 1);
        await rejects(() => store.create(makeSession(2, { entries: [long] })), "invalid_input", "create");
        await rejects(() => store.replace(makeSession(1, { entries: [long] })), "invalid_input", "replace");
        await rejects(
          () => store.create(makeSession(2, { name: name(65_537) })),
          "invalid_input",
          "a long name",
        );
        await rejects(
          () => store.update(ID, { name: name(65_537) }, { at: T0 }),
          "invalid_input",
          "a long new name",
        );
      });
      await store.create(makeSession(2, { name: name(65_536) }));
      equal((await store.head(sessionId(2))).metadata.name, name(65_536), "the longest name");
    },
  ),

  conformanceCase("value-longest-entry", ["VALUE-8"], "an entry of just 16 MiB", async (store) => {
    await store.create(makeSession(1));
    const envelope = JSON.stringify(makeEntry(1, USER, "")).length;
    const text = "a".repeat(16 * 1024 * 1024 - envelope);
    await store.append(ID, [makeEntry(1, USER, text)], { at: T0 });
    const { items } = await store.readEntries(ID);
    ok(items[0]?.content === text, "the longest entry does not come back");
  }),

  conformanceCase(
    "refuse-unknown-keys",
    ["INPUT-1", "INPUT-3", "CALL-2"],
    "keys that nobody knows",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 2) }));
      const session = makeSession(2);
      const calls: Record<string, () => Promise<unknown>> = {
        session: () => store.create({ ...session, extra: 1 } as never),
        metadata: () => store.create({ ...session, metadata: { ...session.metadata, extra: 1 } } as never),
        "session type": () =>
          store.create(
            makeSession(2, { sessionType: { type: "agent", agentName: "a", task: "t" } as never }),
          ),
        "entry in create": () =>
          store.create(makeSession(2, { entries: [{ ...userEntry(1), role: "user" } as never] })),
        entry: () => store.append(ID, [{ ...userEntry(9), role: "user" } as never], { at: T0 }),
        "entry with seq": () => store.append(ID, [{ ...userEntry(9), seq: 2 } as never], { at: T0 }),
        "entry type": () =>
          store.append(ID, [makeEntry(9, { ...USER, toolName: "x" } as never, null)], { at: T0 }),
        "options of append": () => store.append(ID, [userEntry(9)], { at: T0, force: true } as never),
        limits: () =>
          store.append(ID, [userEntry(9)], { at: T0, limits: { action: "error", maxTokens: 1 } as never }),
        change: () => store.update(ID, { id: sessionId(3) } as never, { at: T0 }),
        "change of a time": () => store.update(ID, { createdAt: T0 } as never, { at: T0 }),
        "options of update": () => store.update(ID, {}, { at: T0, limits: { action: "error" } } as never),
        "options of truncate": () => store.truncate(ID, 1, { at: T0, force: true } as never),
        "options of replace": () => store.replace(makeSession(1), { at: T0 } as never),
        "options of delete": () => store.delete(ID, { at: T0 } as never),
        "list query": () => store.list({ order: "asc" } as never),
        "entries query": () => store.readEntries(ID, { offset: 1 } as never),
        filter: () => store.count({ name: "x" } as never),
        "search query": () => store.search({ text: "x", fuzzy: true } as never),
      };
      await changesNothing(store, "unknown keys", async () => {
        for (const [what, call] of Object.entries(calls)) {
          const { details } = await rejects(call, "invalid_input", what);
          ok(typeof details.field === "string" && details.field !== "", `details.field is missing: ${what}`);
        }
      });
    },
  ),

  conformanceCase(
    "refuse-wrong-values",
    ["INPUT-2", "INPUT-3", "CALL-1", "CALL-2"],
    "wrong types, missing and out of range",
    async (store) => {
      // Longer than most functions: it is a table, one line for each wrong value in each call.
      await store.create(makeSession(1, { entries: dialogue(0, 2) }));
      const calls: Record<string, () => Promise<unknown>> = {};
      const add = (what: string, call: () => Promise<unknown>) => {
        calls[what] = call;
      };
      const times = [
        -1,
        0.5,
        2 ** 53,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        "1",
        null,
        undefined,
        1n,
        new Date(0),
      ];
      for (const time of times as number[]) {
        const shown = String(time);
        add(`createdAt ${shown}`, () => store.create(makeSession(2, { createdAt: time })));
        add(`updatedAt ${shown}`, () => store.create(makeSession(2, { updatedAt: time })));
        add(`timestamp ${shown}`, () => store.append(ID, [{ ...userEntry(9), timestamp: time }], { at: T0 }));
        add(`at of append ${shown}`, () => store.append(ID, [userEntry(9)], { at: time }));
        add(`at of update ${shown}`, () => store.update(ID, {}, { at: time }));
        add(`at of truncate ${shown}`, () => store.truncate(ID, 1, { at: time }));
        add(`updatedAt of replace ${shown}`, () => store.replace(makeSession(1, { updatedAt: time })));
      }
      for (const value of [null, 1, "x", [], undefined] as never[]) {
        const shown = JSON.stringify(value) ?? "undefined";
        add(`session ${shown}`, () => store.create(value));
        add(`metadata ${shown}`, () => store.create({ ...makeSession(2), metadata: value }));
        add(`sessionType ${shown}`, () => store.create(makeSession(2, { sessionType: value })));
        add(`entry ${shown}`, () => store.append(ID, [value], { at: T0 }));
        add(`entryType ${shown}`, () => store.append(ID, [makeEntry(9, value, null)], { at: T0 }));
        add(`options ${shown}`, () => store.append(ID, [userEntry(9)], value));
        add(`change ${shown}`, () => store.update(ID, value, { at: T0 }));
      }
      for (const value of [null, 1, "x", {}, undefined, new Set([1])] as never[])
        add(`entries ${String(value)}`, () => store.append(ID, value, { at: T0 }));
      const hole = [userEntry(8), userEntry(9), userEntry(10)];
      delete hole[1];
      add("a hole in a batch", () => store.append(ID, hole, { at: T0 }));
      add("a hole in the entries of create", () => store.create({ ...makeSession(2), entries: hole }));
      for (const status of ["Active", "done", "", null, 1] as never[]) {
        add(`status ${String(status)}`, () => store.create(makeSession(2, { status })));
        if (status !== undefined)
          add(`new status ${String(status)}`, () => store.update(ID, { status }, { at: T0 }));
      }
      for (const tags of [null, "a", {}, [1], [null]] as never[])
        add(`tags ${JSON.stringify(tags)}`, () => store.create(makeSession(2, { tags })));
      for (const testCases of [-1, 1.5, 2 ** 53, "1", null] as never[])
        add(`testCases ${String(testCases)}`, () =>
          store.create(makeSession(2, { sessionType: { type: "evaluation", skillName: "s", testCases } })),
        );
      for (const score of [Number.NaN, Number.POSITIVE_INFINITY, "1", null, undefined] as never[])
        add(`score ${String(score)}`, () =>
          store.append(ID, [makeEntry(9, { type: "evaluation_result", score, metrics: {} }, null)], {
            at: T0,
          }),
        );
      for (const metrics of [null, undefined, [], "x", { m: "1" }, { m: null }, { m: {} }] as never[])
        add(`metrics ${JSON.stringify(metrics)}`, () =>
          store.append(ID, [makeEntry(9, { type: "evaluation_result", score: 1, metrics }, null)], {
            at: T0,
          }),
        );
      for (const limits of [
        {},
        { action: "stop" },
        { action: "error", maxTurns: -1 },
        { action: "error", maxEntries: 0.5 },
        { action: "error", maxDurationMs: "1" },
        null,
      ] as never[])
        add(`limits ${JSON.stringify(limits)}`, () => store.append(ID, [userEntry(9)], { at: T0, limits }));
      for (const expectedVersion of [1, null, {}] as never[]) {
        add(`expectedVersion ${String(expectedVersion)}`, () =>
          store.update(ID, {}, { at: T0, expectedVersion }),
        );
        add(`expectedVersion of delete ${String(expectedVersion)}`, () =>
          store.delete(ID, { expectedVersion }),
        );
      }
      add("a session type that is none", () =>
        store.create(makeSession(2, { sessionType: { type: "chat" } as never })),
      );
      add("an entry type that is none", () =>
        store.append(ID, [makeEntry(9, { type: "user" } as never, null)], { at: T0 }),
      );
      add("a tool call without success", () =>
        store.append(ID, [makeEntry(9, { type: "tool_call", toolName: "x" } as never, null)], { at: T0 }),
      );
      await changesNothing(store, "wrong values", async () => {
        for (const [what, call] of Object.entries(calls)) {
          const { details } = await rejects(call, "invalid_input", what);
          ok(typeof details.field === "string" && details.field !== "", `details.field is missing: ${what}`);
        }
      });
    },
  ),

  conformanceCase(
    "refuse-missing-fields",
    ["INPUT-2", "CALL-2"],
    "fields that are not there",
    async (store) => {
      await store.create(makeSession(1));
      const without = (value: object, key: string) =>
        Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as never;
      const session = makeSession(2);
      await changesNothing(store, "missing fields", async () => {
        for (const key of Object.keys(session))
          await rejects(
            () => store.create(without(session, key)),
            "invalid_input",
            `a session without ${key}`,
          );
        for (const key of Object.keys(session.metadata))
          await rejects(
            () => store.create({ ...session, metadata: without(session.metadata, key) }),
            "invalid_input",
            `metadata without ${key}`,
          );
        for (const key of Object.keys(userEntry(1)))
          await rejects(
            () => store.append(ID, [without(userEntry(1), key)], { at: T0 }),
            "invalid_input",
            `an entry without ${key}`,
          );
      });
    },
  ),
];
