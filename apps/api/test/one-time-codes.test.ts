import { expect, it } from "vitest";
import { CODE_LIFE_MS, OneTimeCodes } from "../src/viewer/one-time-codes.ts";
import { PageTokens } from "../src/viewer/page-tokens.ts";

it("a code is good for ten minutes, and then no more", () => {
  let now = 5;
  const codes = new OneTimeCodes(() => now);
  const [first, second] = [codes.create(), codes.create()];
  now += CODE_LIFE_MS - 1;
  expect(codes.redeem(first)).toBe(true);
  now += 1;
  expect(codes.redeem(second)).toBe(false);
  now = 5;
  // Expired is expired.
  expect(codes.redeem(second)).toBe(false);
  expect(CODE_LIFE_MS).toBe(600_000);
});

it("a code is good once, and no other is used up by it", () => {
  const codes = new OneTimeCodes();
  const made = Array.from({ length: 100 }, () => codes.create());
  expect(new Set(made).size).toBe(100);
  for (const code of made) {
    expect(codes.redeem(`${code}x`)).toBe(false);
    expect(codes.redeem(code)).toBe(true);
    expect(codes.redeem(code)).toBe(false);
  }
});

it("of more codes than anybody needs the oldest go", () => {
  const codes = new OneTimeCodes();
  const [first = "", second = "", ...rest] = Array.from({ length: 101 }, () => codes.create());
  expect(codes.redeem(first)).toBe(false);
  expect(codes.redeem(second)).toBe(true);
  expect(rest.every((code) => codes.redeem(code))).toBe(true);
});

it("and so do the oldest tokens of pages", () => {
  const tokens = new PageTokens();
  const [first = "", ...rest] = Array.from({ length: 1001 }, () => tokens.create());
  expect(tokens.has(first)).toBe(false);
  expect(rest.every((token) => tokens.has(token))).toBe(true);
  expect(tokens.has("")).toBe(false);
});
