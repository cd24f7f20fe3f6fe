import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchResult, type Figure, readResults } from "./results.ts";

export type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** What one of the issues wants to see, as it stands in `targets.json`, and where it is measured. */
interface Target {
  readonly issue: number;
  readonly says: string;
  readonly bench: string;
  readonly what: string;
  /** A part of the title of the table that the figure is drawn from, where a bench tells the same of several. */
  readonly table?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Judgement {
  readonly target: Target;
  readonly goal: Goal;
  readonly figure: Figure | undefined;
  readonly verdict: "holds" | "MISSED" | "FAILED" | "not measured";
}

const targets: readonly Target[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "targets.json"), "utf8"),
);

/** What `targets.json` aims at with a figure of a bench. */
export function goalOf(bench: string, figure: Figure): Goal | undefined {
  const target = targets.find((each) => each.bench === bench && fits(each, figure));
  return target && goal(target);
}

export function judge(results: readonly BenchResult[]): Judgement[] {
  return targets.map((target) => {
    const figures = results.find(({ bench }) => bench === target.bench)?.figures ?? [];
    const figure = figures.find((each) => fits(target, each));
    return { target, goal: goal(target), figure, verdict: verdictOf(goal(target), figure) };
  });
}

/** Prints each target, the figure of the last results, and whether it holds. */
export function printTargets(): void {
  const results = readResults();
  const judgements = judge(results);
  for (const { target, goal, figure, verdict } of judgements) {
    const spread = figure?.low === undefined ? "" : ` (${digits(figure.low)} to ${digits(figure.high)})`;
    const value = figure && !figure.failed ? `${digits(figure.value)}${figure.unit ?? ""}${spread}` : "-";
    console.log(`${verdict.padEnd(12)}  issue ${target.issue}: ${target.says}`);
    console.log(`${"".padEnd(14)}${value}; aim: ${inWords(goal)}; npm run bench ${target.bench}`);
    if (figure?.failed) console.log(`${"".padEnd(14)}${figure.failed}`);
  }
  const held = judgements.filter(({ verdict }) => verdict === "holds").length;
  console.log(`\n${held} of ${judgements.length} targets hold.`);
  const wanted = new Set(targets.map(({ bench }) => bench));
  const commits = new Set(
    results.filter(({ bench }) => wanted.has(bench)).map(({ environment }) => environment.commit),
  );
  if (commits.size > 1)
    console.log(`The results are of ${commits.size} commits: ${[...commits].join(", ")}.`);
}

export function inWords(goal: Goal): string {
  return "atMost" in goal ? `at most ${goal.atMost}` : `at least ${goal.atLeast}`;
}

export function sameGoal(one: Goal, other: Goal): boolean {
  return inWords(one) === inWords(other);
}

function fits({ what, table }: Target, figure: Figure): boolean {
  return figure.what === what && (table === undefined || (figure.table ?? "").includes(table));
}

function goal({ atMost, atLeast, says }: Target): Goal {
  if (atMost !== undefined) return { atMost };
  if (atLeast !== undefined) return { atLeast };
  throw new Error(`targets.json: "${says}" aims at nothing`);
}

function verdictOf(goal: Goal, figure: Figure | undefined): Judgement["verdict"] {
  if (!figure) return "not measured";
  if (figure.failed) return "FAILED";
  const { value } = figure;
  return ("atMost" in goal ? value <= goal.atMost : value >= goal.atLeast) ? "holds" : "MISSED";
}

function digits(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "?" : `${Number(value.toFixed(3))}`;
}
