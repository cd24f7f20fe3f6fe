/** How many values lie from one edge to before the next; the last part has no end. */
export interface DistributionPart {
  readonly from: number;
  readonly to: number | null;
  readonly count: number;
}

/**
 * Values by size, from the first part that has some to the last one.
 *
 * @param edges ascending; no value is below the first.
 */
export function distribution(values: readonly number[], edges: readonly number[]): DistributionPart[] {
  const parts = edges.map((from, i) => {
    const to = edges[i + 1] ?? null;
    return { from, to, count: values.filter((value) => value >= from && (to === null || value < to)).length };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  const last = parts.findLastIndex(({ count }) => count > 0);
  return first < 0 ? [] : parts.slice(first, last + 1);
}

/** The value that so large a share of the values does not exceed; `null` of none. @param share 0 to 1. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
