import type { JsonValue } from "@thulp-sessions/core";
import { describe, expect, it } from "vitest";
import { runSteps } from "../src/async/steps.ts";
import { cutJson } from "../src/views/cut-json.ts";
import { beginningOf, jsonBytesSteps, stringBytes } from "../src/views/json-bytes.ts";
import { previewText } from "../src/views/preview-text.ts";

function bytesOf(value: JsonValue): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

const VALUES: readonly JsonValue[] = [
  null,
  "",
  "a".repeat(3000),
  '\u0001\n"\\\u007f'.repeat(400),
  "ä日😀".repeat(400),
  { text: "x".repeat(5000), command: "npm test", exitCode: 1 },
  { a: "y".repeat(900), b: "z".repeat(100), c: ["w".repeat(2000), { d: "short" }] },
  Array.from({ length: 2000 }, (_, i) => i * 1.5),
  Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`key ${i} ü`, { i }])),
  { ["k".repeat(4000)]: 1, after: 2 },
  [[[[["deep"]]]], "😀".repeat(2000)],
  JSON.parse(`{"__proto__":{"a":"${"p".repeat(2000)}"},"b":1}`),
];

describe("cutJson", () => {
  it.each(VALUES.map((value, i) => [i, value] as const))("value %i takes no more than it may", (_, value) => {
    for (const bytes of [2, 5, 16, 100, 256, 1000, 4096, 1_000_000]) {
      const cut = cutJson(value, bytes);
      expect(bytesOf(cut)).toBeLessThanOrEqual(Math.max(bytes, bytesOf(value) <= 5 ? 5 : 0));
      if (bytesOf(value) <= bytes) expect(cut).toBe(value);
      // Nothing of it is cut twice.
      expect(cutJson(cut, bytes)).toEqual(cut);
      expect(JSON.stringify(cut).isWellFormed()).toBe(true);
    }
  });

  it("keeps every key and number, and short strings, where they fit", () => {
    expect(cutJson({ text: "x".repeat(5000), command: "npm test", exitCode: 1 }, 100)).toEqual({
      text: "x".repeat(100 - bytesOf({ text: "", command: "npm test", exitCode: 1 })),
      command: "npm test",
      exitCode: 1,
    });
    const two = cutJson(["x".repeat(500), "y".repeat(900)], 100);
    expect(two).toEqual(["x".repeat(46), "y".repeat(46)]);
  });

  it("gives the beginning where even that is too long", () => {
    expect(cutJson([1, 22, 333, 4444], 9)).toEqual([1, 22]);
    expect(cutJson({ a: 1, b: [1, 2, 3], c: 3 }, 16)).toEqual({ a: 1, b: [1] });
  });

  it("cuts no character in two", () => {
    expect(cutJson("😀😀😀", 11)).toBe("😀😀");
    expect(beginningOf("a😀", 4)).toBe("a");
    expect(beginningOf("a😀", 5)).toBe("a😀");
  });
});

describe("the length of JSON text", () => {
  it("is that which JSON.stringify makes, in UTF-8", () => {
    for (const value of VALUES) expect(runSteps(jsonBytesSteps(value))).toBe(bytesOf(value));
    for (let unit = 0; unit < 0xd800; unit += 7)
      expect(stringBytes(String.fromCharCode(unit)) + 2).toBe(bytesOf(String.fromCharCode(unit)));
  });

  it("is counted in pieces", () => {
    const steps = jsonBytesSteps({ a: "x".repeat(3_000_000) });
    let pieces = 0;
    while (!steps.next().done) pieces++;
    expect(pieces).toBeGreaterThan(10);
  });
});

describe("previewText", () => {
  it.each<[JsonValue, string]>([
    ["  Hello\n\n there ", "Hello there"],
    [{ id: "x", text: "Hello" }, "Hello"],
    [{ role: "user", message: { id: "m", content: [{ type: "t", text: "Hi" }] } }, "Hi"],
    [{ text: "  ", output: "out" }, "out"],
    [{ a: [1, { b: "deep" }] }, "deep"],
    [{ a: 1 }, ""],
    [null, ""],
    [{ text: "a".repeat(300) }, `${"a".repeat(199)}…`],
    [`${"a".repeat(198)}😀 and more`, `${"a".repeat(198)}\ufffd…`],
  ])("of %j", (content, text) => {
    expect(previewText(content, 200)).toBe(text);
  });

  it.each<[JsonValue, string]>([
    [{ type: "user", uuid: "u", message: { role: "user", content: "Count the cogs" } }, "Count the cogs"],
    [
      { timestamp: "2026", payload: { role: "user", content: [{ type: "input_text", text: "Weave" }] } },
      "Weave",
    ],
    [{ timestamp: "2026", payload: { call_id: "c", output: "no rule" } }, "no rule"],
    [
      { type: "message", id: "1", message: { role: "user", content: [{ type: "text", text: "Sum" }] } },
      "Sum",
    ],
  ])("of what an import has stored is of the record in it: %j", (record, text) => {
    expect(previewText({ source: { agent: "smith", session: "s" }, record }, 200)).toBe(text);
    expect(previewText({ source: { agent: "smith", session: "s" }, text: '{"torn' }, 200)).toBe('{"torn');
  });

  it("looks at no more than a thousand values", () => {
    expect(
      previewText(
        Array.from({ length: 5000 }, (_, i) => (i === 4999 ? "late" : i)),
        80,
      ),
    ).toBe("");
    expect(
      previewText(
        Array.from({ length: 500 }, (_, i) => (i === 499 ? "soon" : i)),
        80,
      ),
    ).toBe("soon");
  });
});
