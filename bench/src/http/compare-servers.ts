import { judgeSyncs, quantiles, type Result, resultOf, spreadOf } from "../harness/compare.ts";
import { recordTable } from "../harness/recording.ts";
import type { ServerProcess } from "./server-process.ts";

/** Work of a server in another process. */
export interface ServedCandidate {
  readonly name: string;
  readonly server: ServerProcess;
  /**
   * Loads the server for a while: how many operations in how many seconds, and the latencies where they are
   * known.
   */
  run(): Promise<{ operations: number; seconds: number; p50Ms?: number; p99Ms?: number }>;
  /** At most so many durable operations may share a sync: otherwise its figures are not used. */
  readonly mostOfOneSync?: number;
}

export interface ServedResult extends Result {
  /** Microseconds of the server's processor time for one operation. */
  readonly cpuUs: number;
  /** Milliseconds from a request to its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Runs the candidates in turns, one window each, and takes the processor time of the servers. The first round
 * warms up.
 */
export async function compareServers(
  candidates: readonly ServedCandidate[],
  rounds: number,
): Promise<ServedResult[]> {
  const times = candidates.map((): number[] => []);
  const cpuTimes = candidates.map((): number[] => []);
  const latencies = candidates.map((): { p50Ms: number; p99Ms: number }[] => []);
  const syncs = candidates.map((): (number | undefined)[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { server, run }] of candidates.entries()) {
      const before = await server.cpuUs();
      const syncsBefore = server.syncs();
      const { operations, seconds, p50Ms, p99Ms } = await run();
      const cpu = (await server.cpuUs()) - before;
      if (round === 0) continue;
      times[i]?.push((seconds * 1e6) / operations);
      cpuTimes[i]?.push(cpu / operations);
      if (p50Ms !== undefined && p99Ms !== undefined) latencies[i]?.push({ p50Ms, p99Ms });
      const synced = syncsBefore === undefined ? undefined : (server.syncs() ?? 0) - syncsBefore;
      syncs[i]?.push(synced === undefined ? undefined : synced / operations);
    }
  }
  return candidates.map(({ name, mostOfOneSync }, i) => ({
    ...resultOf(name, times[i] ?? []),
    ...judgeSyncs(syncs[i] ?? [], 1, mostOfOneSync === undefined ? 0 : 1 / mostOfOneSync),
    cpuUs: quantiles(cpuTimes[i] ?? [])(0.5),
    p50Ms: quantiles((latencies[i] ?? []).map(({ p50Ms }) => p50Ms))(0.5),
    p99Ms: quantiles((latencies[i] ?? []).map(({ p99Ms }) => p99Ms))(0.5),
  }));
}

/** Prints the results as ratios to the first one, in time and in the server's processor time. */
export function reportServers(title: string, results: readonly ServedResult[]): void {
  console.log(`\n${title}`);
  const [base] = results;
  for (const { name, medianUs, lowUs, highUs, cpuUs, failed } of results) {
    const time = `${medianUs.toFixed(1).padStart(9)} us (${lowUs.toFixed(1)} to ${highUs.toFixed(1)})`;
    const ratio = (medianUs / (base?.medianUs ?? Number.NaN)).toFixed(2).padStart(6);
    const cpuRatio = (cpuUs / (base?.cpuUs ?? Number.NaN)).toFixed(2).padStart(6);
    console.log(
      `  ${name.padEnd(52)}${time.padEnd(34)}${ratio} x   processor ${cpuUs.toFixed(1).padStart(7)} us ${cpuRatio} x`,
    );
    if (failed) console.log(`    FAILED: ${failed}`);
  }
  recordTable({
    title,
    columns: [
      { label: "time", unit: "us" },
      { label: "ratio", unit: "ratio" },
      { label: "processor", unit: "us" },
      { label: "ratio of it", unit: "ratio" },
      { label: "latency, median", unit: "ms" },
      { label: "latency, p99", unit: "ms" },
      { label: "syncs", unit: "count" },
    ],
    rows: results.map(({ name, medianUs, windowsUs, cpuUs, p50Ms, p99Ms, syncs = null, failed }) => ({
      name,
      cells: failed
        ? []
        : [
            spreadOf(windowsUs),
            medianUs / (base?.medianUs ?? Number.NaN),
            cpuUs,
            cpuUs / (base?.cpuUs ?? Number.NaN),
            p50Ms,
            p99Ms,
            syncs,
          ],
      ...(failed && { failed }),
    })),
  });
}
