import { quantiles, type Result, resultOf } from "./harness.ts";
import type { ServerProcess } from "./server-process.ts";

/** Work that another process does, as fast as it can. */
export interface ServedContestant {
  readonly name: string;
  readonly server: ServerProcess;
  /** Loads the server for a while, and says how much it has done in how many seconds. */
  run(): Promise<{ operations: number; seconds: number }>;
}

export interface ServedResult extends Result {
  /** Microseconds of the server's processor time for one operation. */
  readonly cpuUs: number;
}

/** Runs the contestants by turns, a window each, with the processor time that the servers take. The first round warms up. */
export async function compareServers(
  contestants: readonly ServedContestant[],
  rounds: number,
): Promise<ServedResult[]> {
  const times = contestants.map((): number[] => []);
  const cpuTimes = contestants.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { server, run }] of contestants.entries()) {
      const before = await server.cpuUs();
      const { operations, seconds } = await run();
      const cpu = (await server.cpuUs()) - before;
      if (round === 0) continue;
      times[i]?.push((seconds * 1e6) / operations);
      cpuTimes[i]?.push(cpu / operations);
    }
  }
  return contestants.map(({ name }, i) => ({
    ...resultOf(name, times[i] ?? []),
    cpuUs: quantiles(cpuTimes[i] ?? [])(0.5),
  }));
}

/** Prints the results as ratios to the first one, in time and in the server's processor time. */
export function reportServers(title: string, results: readonly ServedResult[]): void {
  console.log(`\n${title}`);
  const [base] = results;
  for (const { name, medianUs, lowUs, highUs, cpuUs } of results) {
    const time = `${medianUs.toFixed(1).padStart(9)} us (${lowUs.toFixed(1)} to ${highUs.toFixed(1)})`;
    const ratio = (medianUs / (base?.medianUs ?? Number.NaN)).toFixed(2).padStart(6);
    const cpuRatio = (cpuUs / (base?.cpuUs ?? Number.NaN)).toFixed(2).padStart(6);
    console.log(
      `  ${name.padEnd(52)}${time.padEnd(34)}${ratio} x   processor ${cpuUs.toFixed(1).padStart(7)} us ${cpuRatio} x`,
    );
  }
}
