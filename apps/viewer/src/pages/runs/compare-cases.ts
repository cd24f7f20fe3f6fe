import type { CaseResult } from "./case-key.ts";

/** Two evaluations, case by case. */
export interface CaseChanges {
  readonly fixed: readonly string[];
  readonly broke: readonly string[];
  /** In both with the same result. */
  readonly equal: number;
  /** Only in one of the two. */
  readonly unpaired: number;
  /**
   * How likely at least such a difference is when nothing has changed (two-sided sign test); 1 where nothing
   * differs.
   */
  readonly p: number;
}

/** Pairs the cases of two evaluations by their keys. */
export function compareCases(before: readonly CaseResult[], after: readonly CaseResult[]): CaseChanges {
  const old = new Map(before.map(({ key, passed }) => [key, passed]));
  const fixed: string[] = [];
  const broke: string[] = [];
  let equal = 0;
  let unpaired = 0;
  for (const { key, passed } of after) {
    const was = old.get(key);
    if (was === undefined) unpaired++;
    else if (was === passed) equal++;
    else (passed ? fixed : broke).push(key);
    old.delete(key);
  }
  return { fixed, broke, equal, unpaired: unpaired + old.size, p: signTest(fixed.length, broke.length) };
}

/** The two-sided sign test: the probability of a split at least as uneven where both sides are as likely. */
export function signTest(a: number, b: number): number {
  const n = a + b;
  if (n === 0) return 1;
  const least = Math.min(a, b);
  // Of large numbers the logarithms: 0.5 ** 2000 is 0.
  let logChoose = 0;
  let tail = 0;
  for (let i = 0; i <= least; i++) {
    if (i > 0) logChoose += Math.log((n - i + 1) / i);
    tail += Math.exp(logChoose - n * Math.LN2);
  }
  return Math.min(1, 2 * tail);
}

/** What of a rate is certain with 95 % (Wilson): of `passed` among `total`. */
export function wilson(passed: number, total: number): readonly [number, number] {
  if (total === 0) return [0, 1];
  const z = 1.959963984540054;
  const rate = passed / total;
  const middle = (rate + (z * z) / (2 * total)) / (1 + (z * z) / total);
  const half =
    (z / (1 + (z * z) / total)) * Math.sqrt((rate * (1 - rate)) / total + (z * z) / (4 * total * total));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
