import { type BenchResult, failuresOf, readResults } from "../harness/results.ts";
import { inWords, judge } from "../harness/targets.ts";

/**
 * Prints each target, the figure of the last results, and whether it holds. Gives the exit code: 1 where
 * something failed while it was measured.
 */
export function printTargets(results: readonly BenchResult[] = readResults()): number {
  const judgements = judge(results);
  for (const { target, goal, figure, failures, verdict } of judgements) {
    const spread = figure?.low === undefined ? "" : ` (${digits(figure.low)} to ${digits(figure.high)})`;
    const value =
      figure && verdict !== "FAILED" ? `${digits(figure.value)}${figure.unit ?? ""}${spread}` : "-";
    console.log(`${verdict.padEnd(12)}  issue ${target.issue}: ${target.says}`);
    console.log(`${"".padEnd(14)}${value}; aim: ${inWords(goal)}; npm run bench ${target.bench}`);
    for (const failure of failures) console.log(`${"".padEnd(14)}${failure}`);
  }
  const held = judgements.filter(({ verdict }) => verdict === "holds").length;
  console.log(`\n${held} of ${judgements.length} targets hold.`);
  const wanted = new Set(judgements.map(({ target }) => target.bench));
  const commits = new Set(
    results.filter(({ bench }) => wanted.has(bench)).map(({ environment }) => environment.commit),
  );
  if (commits.size > 1)
    console.log(`The results are of ${commits.size} commits: ${[...commits].join(", ")}.`);
  const failures = results.flatMap(failuresOf);
  for (const failure of failures) console.error(`FAILED  ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

function digits(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "?" : `${Number(value.toFixed(3))}`;
}
