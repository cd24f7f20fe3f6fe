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
  return contestants.map(({ name }, i) => {
    const sorted = (times[i] ?? []).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    return { name, medianUs: at(0.5), lowUs: at(0.25), highUs: at(0.75) };
  });
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
