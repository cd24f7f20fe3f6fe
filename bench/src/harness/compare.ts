import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordFigure, recordTable } from "./recording.ts";
import { reasonOf, type Spread } from "./results.ts";
import { syncsOf, syncsOfAll } from "./syncs.ts";

/** One way of doing the work that is compared. */
export interface Candidate {
  readonly name: string;
  /** Prepares one window, such as data that must be new each time. Not measured. */
  prepare?(): void | Promise<void>;
  /**
   * One window of the work: `operations` operations. A program that measures by itself gives the microseconds
   * of one; else the whole window counts.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most measure nothing themselves
  run(): Promise<number | void>;
  readonly operations: number;
  /** The fewest syncs of a durable window: with fewer, its figures are not used. */
  readonly syncs?: number;
  /** The work is done in child processes: their syncs count too. */
  readonly inChildren?: boolean;
  /** Cleans up after a window. Not measured. */
  after?(): Promise<void>;
  /** Why it cannot run here. */
  readonly skipped?: string | undefined;
}

export interface Result {
  readonly name: string;
  /** Microseconds for one operation: the median of the windows, and the quartiles around it. */
  readonly medianUs: number;
  readonly lowUs: number;
  readonly highUs: number;
  /** The windows, in the order of the rounds. */
  readonly windowsUs: readonly number[];
  /** The syncs of one operation, where they are counted. */
  readonly syncs?: number | undefined;
  /** Why the figures must not be used. */
  readonly failed?: string | undefined;
  /** Why it was not measured here, which fails nothing. */
  readonly skipped?: string | undefined;
}

/**
 * Runs the candidates in turns, one window each, so that a disturbance affects all of them. The first round
 * warms up. A candidate that throws is out, with the reason in its result.
 */
export async function compare(candidates: readonly Candidate[], rounds: number): Promise<Result[]> {
  const times = candidates.map((): number[] => []);
  const syncs = candidates.map((): (number | undefined)[] => []);
  const failed = candidates.map((): string | undefined => undefined);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, candidate] of candidates.entries()) {
      if (failed[i] !== undefined || candidate.skipped !== undefined) continue;
      try {
        const { us, synced } = await oneWindow(candidate);
        if (round === 0) continue;
        times[i]?.push(us);
        syncs[i]?.push(synced);
      } catch (error) {
        failed[i] = reasonOf(error);
      }
    }
  }
  return candidates.map((candidate, i) => {
    const reason = failed[i];
    if (candidate.skipped !== undefined)
      return { ...resultOf(candidate.name, []), skipped: candidate.skipped };
    if (reason !== undefined) return { ...resultOf(candidate.name, []), failed: reason };
    return {
      ...resultOf(candidate.name, times[i] ?? []),
      ...judgeSyncs(syncs[i] ?? [], candidate.operations, candidate.syncs),
    };
  });
}

/** Microseconds for one operation, and the syncs of the window where they are counted. */
async function oneWindow(candidate: Candidate): Promise<{ us: number; synced: number | undefined }> {
  await candidate.prepare?.();
  const count = () => (candidate.inChildren ? syncsOfAll() : syncsOf(process.pid));
  const before = count();
  const start = performance.now();
  const own = await candidate.run();
  const us = own ?? ((performance.now() - start) * 1000) / candidate.operations;
  const synced = before === undefined ? undefined : (count() ?? 0) - before;
  await candidate.after?.();
  return { us, synced };
}

/** The syncs of one operation, and a failure if a window had fewer than it needs. */
export function judgeSyncs(
  windows: readonly (number | undefined)[],
  operations: number,
  needed = 0,
): { syncs?: number; failed?: string } {
  const counted = windows.filter((count) => count !== undefined);
  if (counted.length === 0) return {};
  const syncs = quantiles(counted)(0.5) / operations;
  const fewest = Math.min(...counted);
  if (fewest >= needed) return { syncs };
  return { syncs, failed: `${fewest} syncs in a window of ${operations} that needs ${needed}` };
}

/** The median of windows, in microseconds for one operation, and the quartiles. */
export function resultOf(name: string, windowsUs: readonly number[]): Result {
  const at = quantiles(windowsUs);
  return { name, medianUs: at(0.5), lowUs: at(0.25), highUs: at(0.75), windowsUs };
}

/** As it stands in results. */
export function spreadOf(windows: readonly number[]): Spread {
  const at = quantiles(windows);
  return { median: at(0.5), low: at(0.25), high: at(0.75), windows: windows.length };
}

/** The value below which a share of them lies. */
export function quantiles(values: readonly number[]): (share: number) => number {
  const sorted = values.toSorted((a, b) => a - b);
  return (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * Reports how one candidate compares with another, beside its target in `targets.json`: the median of the
 * ratios of windows of one round, and the quartiles. A goal may be given for what does not stand there.
 */
export function reportTarget(
  what: string,
  one: Result | undefined,
  other: Result | undefined,
  goal?: { readonly atMost: number } | { readonly atLeast: number },
): void {
  // Of what was not measured there is no figure, and no verdict.
  if (one?.skipped !== undefined || other?.skipped !== undefined) return;
  const ratios = (one?.windowsUs ?? []).map((window, i) => window / (other?.windowsUs[i] ?? Number.NaN));
  const at = quantiles(ratios);
  const failed = one?.failed ?? other?.failed;
  recordFigure({ what, value: at(0.5), low: at(0.25), high: at(0.75), ...(failed && { failed }) }, goal);
}

/** Reports the results, with their ratios to the first one. */
export function report(title: string, results: readonly Result[]): void {
  console.log(`\n${title}`);
  const base = results[0]?.medianUs ?? Number.NaN;
  const counted = results.some(({ syncs, failed }) => failed !== undefined || (syncs ?? 0) > 0);
  for (const { name, medianUs, lowUs, highUs, syncs, failed, skipped } of results) {
    if (skipped !== undefined) {
      console.log(`  ${name.padEnd(52)}skipped: ${skipped}`);
      continue;
    }
    const figures = `${medianUs.toFixed(1).padStart(10)} us  (${lowUs.toFixed(1)} to ${highUs.toFixed(1)})`;
    const synced = counted && syncs !== undefined ? `  ${syncs.toFixed(2).padStart(5)} syncs` : "";
    const ratio = (medianUs / base).toFixed(2).padStart(8);
    console.log(`  ${name.padEnd(52)}${figures.padEnd(36)}${ratio} x${synced}`);
    if (failed) console.log(`    FAILED: ${failed}`);
  }
  recordTable({
    title,
    columns: [
      { label: "time", unit: "us" },
      { label: "ratio", unit: "ratio" },
      ...(counted ? [{ label: "syncs", unit: "count" } as const] : []),
    ],
    rows: results.map(({ name, medianUs, windowsUs, syncs = null, failed, skipped }) => ({
      name,
      cells: failed || skipped ? [] : [spreadOf(windowsUs), medianUs / base, ...(counted ? [syncs] : [])],
      ...(failed && { failed }),
      ...(skipped && { skipped }),
    })),
  });
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
