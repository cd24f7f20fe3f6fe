import { describe, expect, test } from "vitest";
import type { EntryType, JsonValue } from "../src/index.ts";
import { parsePriceList } from "../src/index.ts";
import {
  costOf,
  DEFAULT_VIEW,
  type EntryFacts,
  type EntryView,
  EntryViews,
  type ModelRequest,
  NO_TOKENS,
  type PriceList,
  priceOf,
  SessionTally,
  SummarySum,
  tokenSum,
} from "../src/view.ts";

const PRICES: PriceList = {
  asOf: "2026-11-30",
  source: "nobody",
  models: [
    { model: "anvil", input: 2, output: 10, cacheRead: 0.2 },
    { model: "anvil-mini", input: 1, output: 5 },
    { model: "bellows", from: "2026-06-01", input: 3, output: 3 },
    { model: "bellows", input: 1, output: 1 },
    { model: "tongs", input: 1, output: 1, longPrompt: { above: 1000, input: 4, output: 4 } },
    { model: "house/*", input: 7, output: 7 },
    { model: "house/own-*", input: 8, output: 8 },
  ],
};

const JULY = Date.parse("2026-07-01T00:00:00Z");
const MILLION = 1_000_000;

function request(model: string | null, some: Partial<ModelRequest> = {}): ModelRequest {
  return { model, tokens: { ...NO_TOKENS, input: MILLION }, time: JULY, ...some };
}

describe("a price", () => {
  test("is that of the model, or of the version of it that has a name of its own", () => {
    for (const name of [
      "anvil",
      "Anvil",
      "anvil-20260101",
      "anvil-2026-01-01",
      "anvil@20260101",
      "anvil-latest",
    ])
      expect(priceOf(PRICES, name, JULY)?.model, name).toBe("anvil");
    expect(priceOf(PRICES, "openrouter/anvil", JULY)?.model).toBe("anvil");
    expect(priceOf(PRICES, "anvil[1m]", JULY)?.model).toBe("anvil");
    expect(priceOf(PRICES, "anvil-mini", JULY)?.model).toBe("anvil-mini");
    // A name that only begins like another one is another model.
    for (const name of ["anvil-2", "anvil-pro", "anvil-mini-2", "anvi", "an", ""])
      expect(priceOf(PRICES, name, JULY), name).toBe(undefined);
  });

  test("with a * is that of every model that begins so, the longest beginning first", () => {
    expect(priceOf(PRICES, "house/other", JULY)?.input).toBe(7);
    expect(priceOf(PRICES, "house/own-3", JULY)?.input).toBe(8);
    expect(priceOf(PRICES, "cellar/own-3", JULY)).toBe(undefined);
  });

  test("is that of the day", () => {
    expect(priceOf(PRICES, "bellows", Date.parse("2026-05-31T23:59:59Z"))?.input).toBe(1);
    expect(priceOf(PRICES, "bellows", Date.parse("2026-06-01T00:00:00Z"))?.input).toBe(3);
  });

  test("makes a cost; what is unknown costs nothing known", () => {
    expect(costOf(request("anvil"), PRICES)).toBe(2);
    expect(costOf(request("anvil", { cost: 0.5 }), PRICES)).toBe(0.5);
    expect(costOf(request("hammer", { cost: 0.5 }), PRICES)).toBe(0.5);
    expect(costOf(request("hammer"), PRICES)).toBe(null);
    expect(costOf(request(null), PRICES)).toBe(null);
    expect(costOf(request("anvil", { unusualPrice: true }), PRICES)).toBe(null);
    const tokens = { ...NO_TOKENS, input: MILLION, cacheRead: 10 * MILLION, output: MILLION, reasoning: 5 };
    expect(costOf(request("anvil", { tokens }), PRICES)).toBe(14);
    // No price for what comes from a cache.
    expect(costOf(request("anvil-mini", { tokens }), PRICES)).toBe(null);
    expect(costOf(request("anvil-mini", { tokens: { ...NO_TOKENS, output: MILLION } }), PRICES)).toBe(5);
  });

  test("of a long prompt is that of all its tokens, unless nobody knows how long each was", () => {
    const tokens = { ...NO_TOKENS, input: 1000, output: 500 };
    expect(costOf(request("tongs", { tokens }), PRICES)).toBeCloseTo(0.0015, 10);
    const long = { ...tokens, input: 1001 };
    expect(costOf(request("tongs", { tokens: long }), PRICES)).toBeCloseTo(0.006004, 10);
    expect(costOf(request("tongs", { tokens: long, isSum: true }), PRICES)).toBeCloseTo(0.001501, 10);
  });

  test("list of somebody else is checked", () => {
    expect(parsePriceList(PRICES, "prices")).toEqual(PRICES);
    const of = (change: object) => () => parsePriceList({ ...PRICES, ...change }, "prices");
    expect(of({ asOf: "yesterday" })).toThrow("prices.asOf: is no day, as 2026-11-30.");
    expect(of({ models: [] })).toThrow("prices.models");
    expect(of({ models: [{ model: "x", input: -1, output: 1 }] })).toThrow("prices.models[0].input");
    expect(of({ models: [{ model: "x*y", input: 1, output: 1 }] })).toThrow("may have a * at its end only");
    expect(of({ models: [{ model: "x", input: 1 }] })).toThrow("prices.models[0].output");
    expect(of({ currency: "EUR" })).toThrow("currency");
    expect(() => parsePriceList("x", "prices")).toThrow("prices");
  });
});

/** Facts that stand in the contents themselves. */
const AS_SAID: EntryView = {
  ...DEFAULT_VIEW,
  reader: () => ({ read: ({ content }) => (content ?? {}) as EntryFacts }),
};

function tally(...entries: readonly (readonly [EntryType["type"] | EntryType, EntryFacts, number?])[]) {
  const counted = new SessionTally(AS_SAID, PRICES);
  entries.forEach(([type, facts, at], i) => {
    const entryType = (typeof type === "string" ? { type } : type) as EntryType;
    counted.add({ entryType, content: facts as unknown as JsonValue, timestamp: at ?? i * 1000 });
  });
  return counted;
}

const call = (toolName: string, success = true): EntryType => ({ type: "tool_call", toolName, success });

describe("a summary", () => {
  test("counts turns as heads do, calls, files and the time between first and last", () => {
    const summary = tally(
      ["user_message", {}],
      ["user_message", {}],
      ["assistant_message", { files: ["a", "b"] }],
      [call("Read"), {}],
      [call("Read", false), {}],
      [call("Edit"), { outcome: "unstated" } as EntryFacts],
      [{ type: "skill_execution", skillName: "sew", success: true }, { files: ["b"] }],
      ["assistant_message", {}],
      ["user_message", {}],
    ).summary();
    expect(summary).toMatchObject({ turns: 1, files: ["a", "b"], firstAt: 0, lastAt: 8000 });
    expect(summary.tools).toEqual([
      { name: "Read", calls: 2, failed: 1, unstated: 0 },
      { name: "Edit", calls: 1, failed: 0, unstated: 1 },
      { name: "sew", calls: 1, failed: 0, unstated: 0 },
    ]);
    expect(summary.cost).toEqual({ known: 0, knownRequests: 0, unknownRequests: 0 });
    expect(tally().summary()).toMatchObject({ turns: 0, models: [], firstAt: null, lastAt: null });
  });

  test("takes the last state of a message, of a call and of a request", () => {
    const key = "k";
    const state = (output: number) =>
      request("anvil", { key: "r", tokens: { ...NO_TOKENS, output: output * MILLION } });
    const summary = tally(
      ["user_message", { key }],
      ["assistant_message", { requests: [state(1)] }],
      ["user_message", { key }],
      ["assistant_message", { requests: [state(3)] }],
      [call("Bash"), { key: "c" }],
      [call("Bash", false), { key: "c" }],
    ).summary();
    expect(summary.turns).toBe(1);
    expect(summary.tools).toEqual([{ name: "Bash", calls: 1, failed: 1, unstated: 0 }]);
    expect(summary.models).toEqual([
      {
        model: "anvil",
        requests: 1,
        tokens: { ...NO_TOKENS, output: 3 * MILLION },
        cost: { known: 30, knownRequests: 1, unknownRequests: 0 },
      },
    ]);
  });

  test("leaves out what was copied, and what was counted in another session", () => {
    const parent = tally(["assistant_message", { requests: [request("anvil", { key: "r" })] }]);
    const child = tally(
      ["user_message", { copied: true }],
      [call("Bash"), { copied: true, files: ["a"] }],
      ["assistant_message", { requests: [request("anvil", { key: "r" })] }],
      ["assistant_message", { requests: [request("anvil", { key: "s" }), request("anvil")] }],
    );
    const elsewhere = new Set<string>();
    const sum = new SummarySum();
    for (const each of [parent, child]) sum.add(each.summary(elsewhere));
    expect(child.summary(new Set(["r"]))).toMatchObject({
      tools: [],
      files: [],
      copied: { entries: 2, requests: 1 },
      models: [{ model: "anvil", requests: 2 }],
    });
    expect(sum.total()).toMatchObject({ cost: { known: 6, knownRequests: 3 }, copied: { requests: 1 } });
    expect(tokenSum(sum.total().tokens)).toBe(3 * MILLION);
  });

  test("of several sessions adds up what is known beside what is not", () => {
    const sum = new SummarySum();
    sum.add(tally(["assistant_message", { requests: [request("anvil")] }], [call("Bash"), {}]).summary());
    sum.add(tally(["assistant_message", { requests: [request("hammer"), request("anvil")] }]).summary());
    sum.add(tally([call("Bash", false), { files: ["a"] }]).summary());
    expect(sum.total()).toMatchObject({
      cost: { known: 4, knownRequests: 2, unknownRequests: 1 },
      models: [
        { model: "anvil", requests: 2, cost: { known: 4, unknownRequests: 0 } },
        { model: "hammer", requests: 1, cost: { known: 0, knownRequests: 0, unknownRequests: 1 } },
      ],
      tools: [{ name: "Bash", calls: 2, failed: 1 }],
      files: ["a"],
    });
  });

  test("takes names of tools that are names of other things", () => {
    const summary = tally([call("__proto__"), {}], [call("constructor"), {}]).summary();
    expect(summary.tools.map(({ name }) => name)).toEqual(["__proto__", "constructor"]);
  });
});

describe("the views of agents", () => {
  test("are loaded once, when the tag of one is seen", async () => {
    let loads = 0;
    const views = new EntryViews({
      "agent:smith": async () => {
        loads++;
        return AS_SAID;
      },
    });
    expect(await views.of(["project:x"])).toBe(DEFAULT_VIEW);
    expect(await views.of(["constructor", "__proto__"])).toBe(DEFAULT_VIEW);
    expect(loads).toBe(0);
    expect(await views.of(["project:x", "agent:smith"])).toBe(AS_SAID);
    expect(await views.of(["agent:smith"])).toBe(AS_SAID);
    expect(loads).toBe(1);
  });

  test("are asked for again where they could not be loaded", async () => {
    let loads = 0;
    const views = new EntryViews({
      "agent:smith": async () => {
        if (loads++ === 0) throw new Error("the network is away");
        return AS_SAID;
      },
    });
    await expect(views.of(["agent:smith"])).rejects.toThrow("away");
    expect(await views.of(["agent:smith"])).toBe(AS_SAID);
  });
});
