import { entryIdSchema, newUuid, parseSessionId, sessionIdSchema } from "@thulp-sessions/core";
import { isCanonicalUuid } from "@thulp-sessions/core/store";
import { describe, expect, test } from "vitest";
import { parseInput } from "../src/store/validate.ts";
import { errorOf } from "./make.ts";

const ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";

test("new ids are canonical, of version 7, in the order of their making", () => {
  const ids = Array.from({ length: 1000 }, newUuid);
  expect(new Set(ids).size).toBe(1000);
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test.each([ID, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"])(
  "%s is an id, in upper case too",
  (id) => {
    expect(isCanonicalUuid(id)).toBe(true);
    expect(parseSessionId(id)).toBe(id);
    expect(parseSessionId(id.toUpperCase())).toBe(id);
    expect(parseInput(sessionIdSchema, id.toUpperCase(), "id")).toBe(id);
    expect(parseInput(entryIdSchema, id.toUpperCase(), "id")).toBe(id);
  },
);

describe("hostile ids", () => {
  test.each<[string, unknown]>([
    ["nothing", ""],
    ["a path", "../../../../../../../../../etc/passwd"],
    ["a path of the right length", `../${"a".repeat(33)}`],
    ["no hyphens", ID.replaceAll("-", "")],
    ["braces", `{${ID}}`],
    ["a space behind", `${ID} `],
    ["a newline behind", `${ID}\n`],
    ["a newline at the end", `${ID.slice(0, -1)}\n`],
    ["a NUL", `${ID.slice(0, -1)}\0`],
    ["a letter beyond f", ID.replace("f", "g")],
    ["full-width digits", ID.replace("0", "０")],
    ["a letter that grows in lower case", `${ID.slice(0, -1)}İ`],
    ["ten megabytes", "a".repeat(10 * 1024 * 1024)],
    ["a lone surrogate", `${ID.slice(0, -1)}\ud800`],
    ["a number", 7],
    ["null", null],
    ["undefined", undefined],
    ["an object that prints as an id", { toString: () => ID, length: 36 }],
    ["an array", [ID]],
  ])("%s is refused", async (_, text) => {
    if (typeof text === "string") expect(isCanonicalUuid(text)).toBe(false);
    for (const call of [
      () => parseSessionId(text as string),
      () => parseInput(sessionIdSchema, text, "id"),
      () => parseInput(entryIdSchema, text, "id"),
    ]) {
      const error = await errorOf(call);
      expect(error).toMatchObject({ code: "invalid_input", details: { field: "id" } });
      expect(error.message.length).toBeLessThan(500);
    }
  });
});
