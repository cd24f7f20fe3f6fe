import { searchQuerySchema, sessionFilterSchema, sessionIdSchema, tagsSchema } from "@thulp-sessions/core";
import { arrayOf } from "@thulp-sessions/core/store";
import { expect, test } from "vitest";
import { z } from "zod";
import { entriesQuerySchema } from "../src/store/queries.ts";
import { uuid } from "./make.ts";

const WRONG = Array.from({ length: 100_000 }, () => 1);

test.each([
  ["an array", arrayOf(z.string()), WRONG, [0]],
  ["an array of objects", arrayOf(z.strictObject({ a: z.string() })), WRONG.map(() => ({ a: 1 })), [0, "a"]],
  ["tags", tagsSchema, ["right", ...WRONG], [1]],
  ["types of entries", entriesQuerySchema, { types: WRONG }, ["types", 0]],
  ["the ids of a filter", sessionFilterSchema, { ids: [uuid(1), ...WRONG.slice(0, 400)] }, ["ids", 1]],
  ["types to search", searchQuerySchema, { text: "x", types: WRONG }, ["types", 0]],
])("%s are checked up to the first mistake", (_, schema, value, path) => {
  const { error } = schema.safeParse(value);
  expect(error?.issues.map((issue) => issue.path)).toEqual([path]);
});

test("what is right comes through, as its schema makes it", () => {
  const id = uuid(0xab);
  expect(arrayOf(sessionIdSchema).parse([id.toUpperCase(), id])).toEqual([id, id]);
  expect(sessionFilterSchema.parse({ ids: [id, id.toUpperCase()] })).toEqual({ ids: [id, id] });
  expect(arrayOf(z.string()).parse([])).toEqual([]);
});

test.each([["text"], [{ length: 1 }], [null], [new Array(2)]])("%j is no array of texts", (value) => {
  expect(arrayOf(z.string()).safeParse(value).success).toBe(false);
});
