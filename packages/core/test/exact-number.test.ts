import { firstRoundedWhole } from "@thulp-sessions/core";
import { isExactNumber } from "@thulp-sessions/core/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("isExactNumber", () => {
  test.each([
    "0",
    "-0",
    "1.0",
    "1e3",
    "0.1",
    "9007199254740992",
    "9007199254740994",
    "1e308",
    "123456789012345680000",
    "5e-324",
  ])("%s is held", (text) => expect(isExactNumber(text)).toBe(true));
  test.each([
    "9007199254740993",
    "-9007199254740993",
    "18446744073709551615",
    "0.1000000000000000055",
    "1e400",
    "1e-400",
  ])("%s is rounded", (text) => expect(isExactNumber(text)).toBe(false));

  test("holds for whatever JavaScript prints", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
        isExactNumber(JSON.stringify(value)),
      ),
    );
  });
});

describe("firstRoundedWhole", () => {
  test.each([
    ['{"n":9007199254740993}', "9007199254740993"],
    ["[1,-9007199254740993,2]", "-9007199254740993"],
    ["18446744073709551615", "18446744073709551615"],
    ['{"9007199254740993":1}', null],
    ['["9007199254740993"]', null],
    ['["\\"", 9007199254740993]', "9007199254740993"],
    ['["\\\\", 9007199254740993]', "9007199254740993"],
    ['["\\\\\\" 9007199254740993"]', null],
    ["[9007199254740992, 0.30000000000000004, 1.7976931348623157e308]", null],
    ['"unterminated 9007199254740993', null],
  ])("in %s: %s", (json, found) => {
    expect(firstRoundedWhole(json)).toBe(found);
  });

  test("nothing that JSON.stringify writes, and time in proportion to the length", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => firstRoundedWhole(JSON.stringify(value)) === null));
    expect(firstRoundedWhole(JSON.stringify(`${"\\".repeat(1_000_001)} 1234567890123456789`))).toBe(null);
    expect(firstRoundedWhole(`[${'"x",'.repeat(300_000)}9007199254740993]`)).toBe("9007199254740993");
  });
});
