import type { JsonValue } from "@thulp-sessions/core";
import { deepFreeze, jsonEqual, setKey } from "@thulp-sessions/core/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { copyJson, copyJsonObject, MAX_JSON_DEPTH } from "../src/model/json.ts";
import { errorOf } from "./make.ts";

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = "core";
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
}

const someJson = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

describe("copyJson", () => {
  test("what JSON holds comes out as it was, and shares nothing", () => {
    fc.assert(
      fc.property(someJson, (value) => {
        const copy = copyJson(value, "x");
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
        if (typeof value === "object" && value !== null) expect(copy).not.toBe(value);
      }),
    );
  });

  test("objects and arrays inside are copies too", () => {
    const value = { list: [{ a: 1 }], object: { b: 2 } };
    const copy = copyJson(value, "x") as typeof value;
    value.list[0] = { a: 9 };
    value.object.b = 9;
    expect(copy).toEqual({ list: [{ a: 1 }], object: { b: 2 } });
  });

  test("-0 becomes 0, as in JSON", () => {
    expect(Object.is(copyJson(-0, "x"), 0)).toBe(true);
  });

  test("keys that every object inherits are plain keys", () => {
    const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"x":1}},"toString":1,"":2}';
    const copy = copyJson(JSON.parse(text), "x");
    expect(JSON.stringify(copy)).toBe(text);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("an object without a prototype is plain", () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    expect(copyJson(bare, "x")).toEqual({ a: 1 });
  });

  test("a getter is read once, and its value is copied", () => {
    let reads = 0;
    const value = {
      get a() {
        reads++;
        return [reads];
      },
    };
    expect(copyJson(value, "x")).toEqual({ a: [1] });
    expect(reads).toBe(1);
  });

  test("a proxy is copied through its traps", () => {
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => ["made", "up"],
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
        get: (_, key) => `value of ${String(key)}`,
      },
    );
    expect(copyJson(proxy, "x")).toEqual({ made: "value of made", up: "value of up" });
  });

  const cycle: Record<string, unknown> = { list: [] };
  cycle["self"] = cycle;
  const bushyCycle: unknown[] = [];
  bushyCycle.push(bushyCycle, bushyCycle);
  class Odd {
    a = 1;
  }
  class Named {
    static readonly name = "x".repeat(1e6);
    a = 1;
  }
  const sparse = [1, 2, 3];
  delete sparse[1];

  test.each<[string, unknown, string]>([
    ["undefined", { a: { b: undefined } }, "x.a.b"],
    ["a function", { f: () => 1 }, "x.f"],
    ["toJSON", { toJSON: () => 1 }, "x.toJSON"],
    ["a bigint", [1n], "x[0]"],
    ["a symbol", Symbol("s"), "x"],
    ["NaN", [[Number.NaN]], "x[0][0]"],
    ["infinity", Number.NEGATIVE_INFINITY, "x"],
    ["a date", { at: new Date(0) }, "x.at"],
    ["a map", new Map([["a", 1]]), "x"],
    ["an instance", new Odd(), "x"],
    ["an instance of a class with a long name", new Named(), "x"],
    [
      "an instance without a constructor",
      Object.create(Object.create({}, { constructor: { value: undefined } })),
      "x",
    ],
    ["a boxed text", new String("s"), "x"],
    ["bytes", new Uint8Array(2), "x"],
    ["an error", new Error("e"), "x"],
    ["a symbol as key", { [Symbol("s")]: 1 }, "x"],
    ["a lone surrogate", ["\ud800"], "x[0]"],
    ["a lone surrogate in a key", { "\udc00": 1 }, "x"],
    ["a hole", sparse, "x[1]"],
    ["a long sparse array", new Array(4_000_000_000), "x[0]"],
  ])("refuses %s", async (_, value, field) => {
    const error = await errorOf(() => copyJson(value, "x"));
    expect(error).toMatchObject({ code: "invalid_input", details: { field } });
    expect(error.message.length).toBeLessThan(200);
  });

  test.each([
    ["a cycle", cycle],
    ["a bushy cycle", bushyCycle],
    ["100,000 levels", nested(100_000, (inner) => [inner])],
  ])("refuses %s without running away", async (_, value) => {
    const error = await errorOf(() => copyJson(value, "x"));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toContain("levels deep");
    expect(error.message.length).toBeLessThan(700);
  });

  test("the depth bound holds for arrays and objects alike", async () => {
    for (const wrap of [(inner: unknown) => [inner], (inner: unknown) => ({ a: inner })]) {
      expect(copyJson(nested(MAX_JSON_DEPTH, wrap), "x")).toEqual(nested(MAX_JSON_DEPTH, wrap));
      expect((await errorOf(() => copyJson(nested(MAX_JSON_DEPTH + 1, wrap), "x"))).code).toBe(
        "invalid_input",
      );
    }
  });

  test("what occurs in many places is refused by its length, not copied for ever", async () => {
    let value: unknown = "x".repeat(100);
    for (let i = 0; i < 100; i++) value = { left: value, right: value };
    const error = await errorOf(() => copyJson(value, "x", 10_000));
    expect(error).toMatchObject({ code: "invalid_input", message: "x is longer than 10000 bytes as JSON." });
  });

  test("a length is refused only where the JSON is certainly longer", async () => {
    fc.assert(
      fc.property(someJson, (value) => {
        expect(copyJson(value, "x", JSON.stringify(value).length)).toEqual(value);
      }),
    );
    expect((await errorOf(() => copyJson("x".repeat(9), "x", 10))).code).toBe("invalid_input");
    expect((await errorOf(() => copyJson({ ["k".repeat(9)]: 1 }, "x", 10))).code).toBe("invalid_input");
  });

  test("long keys do not make the error long", async () => {
    const value = nested(100, (inner) => ({ ["k".repeat(1000)]: inner }));
    const error = await errorOf(() => copyJson(value === null ? null : { a: [value, undefined] }, "x"));
    expect(error.details.field).toBe("x.a[1]");
    const deep = await errorOf(() =>
      copyJson(
        nested(130, (inner) => ({ ["k".repeat(1000)]: inner })),
        "x",
      ),
    );
    expect(deep.message.length).toBeLessThan(700);
    expect(deep.details.field?.length).toBeLessThan(400);
  });
});

describe("copyJsonObject", () => {
  test("gives each value the whole depth", async () => {
    const deepest = nested(MAX_JSON_DEPTH, (inner) => [inner]);
    expect(copyJsonObject({ a: deepest }, "x")).toEqual({ a: deepest });
    expect((await errorOf(() => copyJsonObject({ a: [deepest] }, "x"))).code).toBe("invalid_input");
  });

  // A Map used to be stored as {}, and an instance as its fields.
  test.each([
    ["a map", new Map([["a", 1]])],
    ["a date", new Date(0)],
    ["an array", [1]],
    ["null", null],
    ["a text", "x"],
  ])("refuses %s", async (_, value) => {
    expect(await errorOf(() => copyJsonObject(value, "x"))).toMatchObject({
      code: "invalid_input",
      details: { field: "x" },
    });
  });
});

describe("jsonEqual", () => {
  /** One text for all that are equal. */
  const canonical = (value: JsonValue): string =>
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? { sorted: Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)) }
        : part,
    );

  test("is equality of the canonical texts", () => {
    const tiny = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, true, false, 0, 1, "", "a", [], {}),
        fc.array(tie("value"), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom("a", "b", "__proto__"), tie("value"), { maxKeys: 2 }),
      ),
    })).value;
    fc.assert(
      fc.property(tiny, tiny, (a, b) => {
        expect(jsonEqual(a, b)).toBe(canonical(a) === canonical(b));
      }),
      { numRuns: 2000 },
    );
  });

  test("a value equals its copy and its text read again", () => {
    fc.assert(
      fc.property(someJson, (value) => {
        expect(jsonEqual(value, copyJson(value, "x"))).toBe(true);
        expect(jsonEqual(JSON.parse(JSON.stringify(value)), value)).toBe(true);
      }),
    );
  });

  test.each<[JsonValue, JsonValue, boolean]>([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [-0, 0, true],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [{}, [], false],
    [[1], { 0: 1 }, false],
    [null, {}, false],
    [{ toString: 1 }, { a: 1 }, false],
    [JSON.parse('{"__proto__":1}'), { a: 1 }, false],
    [JSON.parse('{"__proto__":{}}'), {}, false],
    [JSON.parse('{"__proto__":{}}'), { a: 1 }, false],
    [1, "1", false],
    [[1], [1, 2], false],
  ])("%j and %j: %s", (a, b, expected) => {
    expect(jsonEqual(a, b)).toBe(expected);
    expect(jsonEqual(b, a)).toBe(expected);
  });
});

test("deepFreeze freezes all of it and gives it back", () => {
  const value = { list: [{ a: 1 }], text: "x", nothing: null };
  expect(deepFreeze(value)).toBe(value);
  for (const part of [value, value.list, value.list[0]]) expect(Object.isFrozen(part)).toBe(true);
  expect(deepFreeze(7)).toBe(7);
  expect(deepFreeze(null)).toBe(null);
});

test("setKey sets own properties only", () => {
  const target: Record<string, unknown> = {};
  setKey(target, "__proto__", { polluted: true });
  setKey(target, "a", 1);
  expect(Object.keys(target)).toEqual(["__proto__", "a"]);
  expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
});
