import { expect, test } from "vitest";
import { backoffMs, jittered } from "../src/async/backoff.ts";

test("the wait doubles with each failure up to its maximum, less a random part of up to half", () => {
  for (const [failures, most] of [
    [0, 100],
    [1, 200],
    [3, 800],
    [6, 5000],
    [2000, 5000],
  ] as const) {
    const waits = Array.from({ length: 200 }, () => backoffMs(failures, 100, 5000));
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(most / 2);
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(most);
    expect(new Set(waits).size).toBeGreaterThan(100);
  }
  expect(jittered(0)).toBe(0);
});
