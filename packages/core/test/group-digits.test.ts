import { groupDigits } from "@thulp-sessions/core/text";
import { expect, test } from "vitest";

test("whole numbers are grouped as the platform does it", () => {
  for (const number of [0, 7, 999, 1000, 12_345, 999_999, 1_000_000, -1234, Number.MAX_SAFE_INTEGER])
    expect(groupDigits(number)).toBe(number.toLocaleString("en"));
});
