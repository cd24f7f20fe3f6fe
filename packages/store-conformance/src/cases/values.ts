import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { makeEntry, makeSession, sessionId, T0, userEntry, withSeq } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const ID = sessionId(1);
const USER = { type: "user_message" } as const;

const TEXTS: Record<string, string> = {
  empty: "",
  blanks: " \t\r\n  ",
  "every ASCII character": String.fromCharCode(...Array.from({ length: 128 }, (_, i) => i)),
  "NUL and an escape that is none": "a\0b\\u0000\\0",
  "C1 controls": "\u0080\u0085\u009f",
  "line separators": "a\u2028b\u2029c",
  astral: "😀𝕏𐍈\u{10ffff}",
  "zero-width joiners": "👩‍👩‍👧‍👦\u200d\ufe0f",
  "right to left": "שלום \u202eعالم\u202c \u200f",
  "combining, not composed": "e\u0301 a\u0308\u0323",
  composed: "\u00e9 \u00e4",
  "compatibility forms": "ﬁ ① Å Ω",
  "a byte-order mark and noncharacters": "\ufeffx\ufffe\uffff\ufdd0",
  private: "\ue000\uf8ff",
  "quotes and braces": "\"'`{}[]<>&;--/*%_$",
  "looks like JSON": '{"metadata":{"id":1}}\n  ]\n}',
};

const NUMBERS = [
  0,
  1,
  -1,
  0.1,
  1 / 3,
  1e21,
  1e-7,
  123456789.12345679,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  2 ** 64,
  1e300,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.MIN_VALUE,
  Number.EPSILON,
];

// Written as text: in an object literal `__proto__` would set the prototype.
const AWKWARD = JSON.parse(`{
  "__proto__": { "polluted": true, "__proto__": null },
  "constructor": { "prototype": { "polluted": 1 } },
  "prototype": 1, "toJSON": "text", "toString": 0, "valueOf": null, "hasOwnProperty": [], "then": "x",
  "": "empty", " ": 1, "1": "one", "01": 2, "-1": 3, "length": 4, "seq": 5, "id": 6, "type": 7, "more": true,
  "a.b": 1, "a\\u0000b": 2, "$ref": 3, "@type": 4, "é": 5, "e\\u0301": 6, "😀": 7
}`) as JsonObject;
const AWKWARD_METRICS = JSON.parse(
  '{"__proto__": 1, "constructor": 2, "toJSON": 3, "": 4, "é": 5, "1": 6}',
) as Record<string, number>;

export const valueCases: readonly ConformanceCase[] = [
  conformanceCase("value-json", ["VALUE-1", "VALUE-10"], "every kind of JSON value", async (store) => {
    const values: JsonValue[] = [
      null,
      true,
      false,
      0,
      "",
      "text",
      [],
      {},
      [[]],
      [{}],
      { a: {} },
      [null, null],
      { a: null },
      [1, "1", true, null, [], {}],
      { a: [{ b: [{ c: [] }] }] },
    ];
    await roundTrip(values, store);
  }),

  conformanceCase("value-texts", ["VALUE-2"], "strings of every kind", async (store) => {
    const texts = Object.values(TEXTS);
    await roundTrip(texts, store);
    const entries = texts.flatMap((text, i) => [
      makeEntry(i * 4, { type: "tool_call", toolName: text, success: true }, null),
      makeEntry(i * 4 + 1, { type: "skill_execution", skillName: text, success: true }, null),
      makeEntry(i * 4 + 2, { type: "system_event", event: text }, null),
      makeEntry(i * 4 + 3, { type: "evaluation_result", score: 1, metrics: { [text]: 1 } }, { [text]: text }),
    ]);
    await store.create(makeSession(2, { entries, tags: texts }));
    const stored = await store.get(sessionId(2));
    deepEqual(stored.entries, withSeq(entries), "the texts of entries");
    deepEqual(stored.metadata.tags, texts, "the tags");
    for (const [what, text] of Object.entries(TEXTS)) {
      const change = {
        name: text,
        sessionType: { type: "teacher_demo", task: text, model: text },
        context: { [text]: text },
      } as const;
      const head = await store.update(ID, change, { at: T0 });
      equal(head.metadata.name, text, `the name: ${what}`);
      deepEqual(head.metadata.sessionType, change.sessionType, `the type: ${what}`);
      deepEqual((await store.get(ID)).context, change.context, `the context: ${what}`);
      equal((await store.head(ID)).metadata.name, text, `the name, read: ${what}`);
    }
  }),

  conformanceCase("value-keys", ["VALUE-3"], "awkward keys are keys as any other", async (store) => {
    const entry = makeEntry(
      1,
      { type: "evaluation_result", score: 0, metrics: AWKWARD_METRICS },
      { deep: [AWKWARD] },
    );
    await store.create(makeSession(1, { context: AWKWARD, entries: [entry] }));
    await store.append(ID, [{ ...entry, id: userEntry(2).id }], { at: T0 });
    const check = async (what: string) => {
      const stored = await store.get(ID);
      // Compared as text, in one order: no comparison of objects could overlook a key that became a
      // prototype.
      equal(asText(stored.context), asText(AWKWARD), `the context ${what}`);
      equal(asText((await store.head(ID)).context), asText(AWKWARD), `the context of head ${what}`);
      for (const { content, entryType } of [...stored.entries, ...(await store.readEntries(ID)).items]) {
        equal(asText(content), asText({ deep: [AWKWARD] }), `a content ${what}`);
        equal(
          asText("metrics" in entryType ? entryType.metrics : null),
          asText(AWKWARD_METRICS),
          `the metrics ${what}`,
        );
      }
    };
    await check("after create and append");
    await store.update(ID, { context: {} }, { at: T0 });
    await store.update(ID, { setContext: AWKWARD }, { at: T0 });
    await check("after it was set key by key");
    await store.replace(await store.get(ID));
    await check("after replace");
    const again = await store.append(ID, [entry], { at: T0 });
    equal(again.entries[0]?.added, false, "a repeat is seen as one");
    await store.update(ID, { removeContext: Object.keys(AWKWARD) }, { at: T0 });
    equal(asText((await store.get(ID)).context), "{}", "the context after every key was removed");
    equal("polluted" in {}, false, "a key that every object has now");
  }),

  conformanceCase(
    "value-repeat-proto",
    ["VALUE-3", "APPEND-7"],
    "a key that differs only in __proto__",
    async (store) => {
      const entry = makeEntry(1, USER, JSON.parse('{"__proto__": {"a": 1}}') as JsonValue);
      await store.create(makeSession(1, { entries: [entry] }));
      for (const other of ['{"__proto__": {"a": 2}}', "{}", '{"__proto__": null}', '{"b": {"a": 1}}']) {
        const given = { ...entry, content: JSON.parse(other) as JsonValue };
        await rejects(() => store.append(ID, [given], { at: T0 }), "conflict", other);
      }
    },
  ),

  conformanceCase(
    "value-numbers",
    ["VALUE-4", "CAPABILITY-3"],
    "every finite number, none of them inexact",
    async (store) => {
      await roundTrip(NUMBERS, store);
      const entries = NUMBERS.map((n, i) =>
        makeEntry(100 + i, { type: "evaluation_result", score: n, metrics: { n } }, [n]),
      );
      await store.append(ID, entries, { at: T0 });
      const stored = await store.get(ID);
      deepEqual(stored.entries.slice(NUMBERS.length), withSeq(entries, NUMBERS.length), "scores and metrics");
      equal(
        stored.entries.some((entry) => "inexact" in entry) || "inexact" in stored,
        false,
        "something is inexact",
      );
      const again = await store.append(ID, entries, { at: T0 });
      equal(
        again.entries.some(({ added }) => added),
        false,
        "a repeat was stored",
      );
    },
  ),

  conformanceCase("value-minus-zero", ["VALUE-4"], "-0 becomes 0", async (store) => {
    const type = { type: "evaluation_result", score: -0, metrics: { m: -0 } } as const;
    await store.create(makeSession(1, { context: { z: -0, l: [-0] }, entries: [makeEntry(1, type, -0)] }));
    await store.append(ID, [makeEntry(2, type, { a: [-0] })], { at: T0 });
    await store.update(ID, { setContext: { s: -0 } }, { at: T0 });
    const { context, entries } = await store.get(ID);
    deepEqual(context, { z: 0, l: [0], s: 0 }, "the context");
    deepEqual(
      entries.map(({ content }) => content),
      [0, { a: [0] }],
      "the contents",
    );
    for (const { entryType } of entries)
      deepEqual(entryType, { type: "evaluation_result", score: 0, metrics: { m: 0 } }, "the type");
  }),

  conformanceCase("value-depth", ["VALUE-5", "CALL-2"], "120 levels are fine, 121 are not", async (store) => {
    for (const nest of [arrays, objects]) {
      const deepest = nest(120);
      await store.create(
        makeSession(1, { context: { deep: deepest }, entries: [makeEntry(1, USER, deepest)] }),
      );
      await store.append(ID, [makeEntry(2, USER, deepest)], { at: T0 });
      await store.update(ID, { setContext: { more: deepest } }, { at: T0 });
      const stored = await store.get(ID);
      deepEqual(stored.context, { deep: deepest, more: deepest }, "the context");
      deepEqual(
        stored.entries.map(({ content }) => content),
        [deepest, deepest],
        "the contents",
      );
      for (const levels of [121, 10_000]) {
        const deeper = nest(levels);
        await changesNothing(store, `${levels} levels`, async () => {
          const calls = [
            () => store.create(makeSession(2, { context: { deeper } })),
            () => store.create(makeSession(2, { entries: [makeEntry(1, USER, deeper)] })),
            () => store.append(ID, [makeEntry(9, USER, deeper)], { at: T0 }),
            () => store.update(ID, { setContext: { deeper } }, { at: T0 }),
            () => store.replace(makeSession(1, { context: { deeper } })),
          ];
          for (const call of calls) await rejects(call, "invalid_input", `${levels} levels`);
        });
      }
      await store.delete(ID);
    }
  }),

  conformanceCase("value-large", ["VALUE-1", "APPEND-4"], "contents of one megabyte", async (store) => {
    const text = "0123456789abcdé\n".repeat(65_536);
    const many = Array.from({ length: 20_000 }, (_, i) => ({ i, name: `item ${i}`, ok: i % 2 === 0 }));
    const entries = [makeEntry(0, USER, { text }), makeEntry(1, USER, many)];
    await store.create(makeSession(1, { context: { text } }));
    await store.append(ID, entries, { at: T0 });
    const stored = await store.get(ID);
    deepEqual(stored.entries, withSeq(entries), "the entries");
    deepEqual(stored.context, { text }, "the context");
    deepEqual((await store.readEntries(ID, { last: 1 })).items, withSeq(entries).slice(1), "the last entry");
    const again = await store.append(ID, entries, { at: T0 });
    deepEqual(
      again.entries.map(({ added }) => added),
      [false, false],
      "added of a repeat",
    );
  }),
];

/** Each value as content, by create and by append, and as value of the context. */
async function roundTrip(
  values: readonly JsonValue[],
  store: Parameters<Parameters<typeof conformanceCase>[3]>[0],
): Promise<void> {
  const entries = values.map((value, n) => makeEntry(n, USER, value));
  const context = Object.fromEntries(values.map((value, n) => [`k${n}`, value]));
  const half = Math.ceil(entries.length / 2);
  await store.create(makeSession(1, { entries: entries.slice(0, half), context }));
  await store.append(ID, entries.slice(half), { at: T0 });
  const stored = await store.get(ID);
  deepEqual(stored.entries, withSeq(entries), "the entries of get");
  deepEqual((await store.readEntries(ID)).items, withSeq(entries), "the entries of readEntries");
  deepEqual(stored.context, context, "the context of get");
  deepEqual((await store.head(ID)).context, context, "the context of head");
  const head = await store.update(ID, { context: {}, name: "emptied" }, { at: T0 });
  deepEqual(head.context, {}, "the emptied context");
  const set = await store.update(ID, { setContext: context }, { at: T0 });
  deepEqual(set.context, context, "the context set key by key");
}

function arrays(levels: number): JsonValue {
  let value: JsonValue = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}

function objects(levels: number): JsonValue {
  let value: JsonValue = {};
  for (let i = 1; i < levels; i++) value = { k: value };
  return value;
}

/** JSON text with sorted keys; no key is special in it. */
function asText(value: JsonValue): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(asText).join(",")}]`;
  const object = value as JsonObject;
  const parts = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${asText(object[key] as JsonValue)}`);
  return `{${parts.join(",")}}`;
}
