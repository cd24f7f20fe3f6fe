import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffKeys } from "../src/pages/compare/diff-keys.ts";

const keys = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 14 });

/** The length of the longest common part, by the table. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++)
      (table[i] as number[])[j] =
        a[i - 1] === b[j - 1]
          ? ((table[i - 1] as number[])[j - 1] as number) + 1
          : Math.max((table[i - 1] as number[])[j] as number, (table[i] as number[])[j - 1] as number);
  return (table[a.length] as number[])[b.length] as number;
}

describe("the steps from one list to another", () => {
  test("use every place of both once, in order, and keep as much as can be kept", () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const steps = diffKeys(a, b);
        const left = steps.flatMap((step) => (step.type === "right" ? [] : [step.left]));
        const right = steps.flatMap((step) => (step.type === "left" ? [] : [step.right]));
        expect(left).toEqual(a.map((_, i) => i));
        expect(right).toEqual(b.map((_, i) => i));
        const equal = steps.filter((step) => step.type === "equal");
        for (const step of equal) if (step.type === "equal") expect(a[step.left]).toBe(b[step.right]);
        expect(equal.length).toBe(longestCommon(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  test("end for lists that have nothing in common", () => {
    const a = Array.from({ length: 2000 }, (_, i) => `a${i}`);
    const b = Array.from({ length: 2000 }, (_, i) => `b${i}`);
    const steps = diffKeys(["same", ...a], ["same", ...b]);
    expect(steps.length).toBe(4001);
    expect(steps[0]).toEqual({ type: "equal", left: 0, right: 0 });
  });
});
