import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeCursor, encodeCursor } from "../src/store/cursor.ts";
import { errorOf, uuid } from "./make.ts";

const anywhere = () => true;

test("a cursor gives back its position, and is fit for a URL", () => {
  const position = fc.array(fc.oneof(fc.maxSafeInteger(), fc.constant(null), fc.nat().map(uuid)), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.jsonValue(), position, (query, place) => {
      const cursor = encodeCursor(query, place);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(JSON.stringify(decodeCursor(query, cursor, anywhere))).toBe(JSON.stringify(place));
    }),
  );
});

describe("a cursor is refused", () => {
  const cursor = encodeCursor(["list", { filter: {} }], [1, uuid(1)]);

  test.each([
    ["of another filter", ["list", { filter: { status: "active" } }]],
    ["of another method", ["entries", { filter: {} }]],
    ["of no query", null],
  ])("when it is one %s", async (_, query) => {
    const error = await errorOf(() => decodeCursor(query, cursor, anywhere));
    expect(error).toMatchObject({ code: "invalid_input", details: { field: "cursor" } });
    expect(error.message).toContain("another query");
  });

  test("when its position is none of this query's", async () => {
    const query = ["list", { filter: {} }];
    expect((await errorOf(() => decodeCursor(query, cursor, () => false))).code).toBe("invalid_input");
  });

  test.each([
    ["empty", ""],
    ["no base64", "%%%"],
    ["no JSON", btoa("hello")],
    ["no array", btoa('{"length":3}')],
    ["null", btoa("null")],
    ["an empty array", btoa("[]")],
    ["deeply nested", btoa("[".repeat(200_000))],
    ["a megabyte", "A".repeat(1024 * 1024)],
    ["not ASCII", "日本語"],
    ["cut off", cursor.slice(0, -5)],
  ])("when it is %s", async (_, text) => {
    expect((await errorOf(() => decodeCursor(["list"], text, anywhere))).code).toBe("invalid_input");
  });
});
