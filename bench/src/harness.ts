import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Somebody who does the work that is compared. */
export interface Contestant {
  readonly name: string;
  /** Makes ready what one window takes, such as data that must be new each time. Not measured. */
  prepare?(): void;
  /** Does one window of the work: `operations` of them. */
  run(): Promise<void>;
  readonly operations: number;
  /** Cleans up behind a window; not measured. */
  after?(): Promise<void>;
}

export interface Result {
  readonly name: string;
  /** Microseconds for one operation: the median of the windows, and the quartiles around it. */
  readonly medianUs: number;
  readonly lowUs: number;
  readonly highUs: number;
  /** The windows, in the order of the rounds. */
  readonly windowsUs: readonly number[];
}

/** Runs the contestants by turns, a window each, so that what disturbs one disturbs all. The first round warms up. */
export async function compare(contestants: readonly Contestant[], rounds: number): Promise<Result[]> {
  const times = contestants.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      contestant.prepare?.();
      const start = performance.now();
      await contestant.run();
      const each = ((performance.now() - start) * 1000) / contestant.operations;
      if (round > 0) times[i]?.push(each);
      await contestant.after?.();
    }
  }
  return contestants.map(({ name }, i) => resultOf(name, times[i] ?? []));
}

/** The median of windows, in microseconds for one operation, and the quartiles. */
export function resultOf(name: string, windowsUs: readonly number[]): Result {
  const at = quantiles(windowsUs);
  return { name, medianUs: at(0.5), lowUs: at(0.25), highUs: at(0.75), windowsUs };
}

/** The value below which a share of them lies. */
export function quantiles(values: readonly number[]): (share: number) => number {
  const sorted = values.toSorted((a, b) => a - b);
  return (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * Prints how one contestant compares with another beside what is aimed at: the median of the ratios of windows of one round,
 * and the quartiles.
 */
export function reportTarget(
  what: string,
  one: Result | undefined,
  other: Result | undefined,
  goal: { readonly atMost: number } | { readonly atLeast: number },
): void {
  const ratios = (one?.windowsUs ?? []).map((window, i) => window / (other?.windowsUs[i] ?? Number.NaN));
  const at = quantiles(ratios);
  const wanted = "atMost" in goal ? `at most ${goal.atMost}` : `at least ${goal.atLeast}`;
  const figures = `${at(0.5).toFixed(2)}  (${at(0.25).toFixed(2)} to ${at(0.75).toFixed(2)})`;
  console.log(`  = ${what}: ${figures}; aim: ${wanted}`);
}

/** Prints the results as ratios to the first one. */
export function report(title: string, results: readonly Result[]): void {
  console.log(`\n${title}`);
  const base = results[0]?.medianUs ?? Number.NaN;
  for (const { name, medianUs, lowUs, highUs } of results) {
    const figures = `${medianUs.toFixed(1).padStart(10)} us  (${lowUs.toFixed(1)} to ${highUs.toFixed(1)})`;
    console.log(`  ${name.padEnd(52)}${figures.padEnd(36)}${(medianUs / base).toFixed(2).padStart(8)} x`);
  }
}

/** Runs `work` with a folder of its own. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "thulp-bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
