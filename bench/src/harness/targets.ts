import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchResult, type Figure, failuresOf } from "./results.ts";

export type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** A target of an issue, as it stands in `targets.json`, and where it is measured. */
interface Target {
  readonly issue: number;
  readonly says: string;
  readonly bench: string;
  readonly what: string;
  /** Part of the title of the figure's table, where a bench has the same figure for several tables. */
  readonly table?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Judgement {
  readonly target: Target;
  readonly goal: Goal;
  readonly figure: Figure | undefined;
  /** What failed in its bench. */
  readonly failures: readonly string[];
  readonly verdict: "holds" | "MISSED" | "FAILED" | "not measured";
}

const targets: readonly Target[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "targets.json"), "utf8"),
);

/** The target of a figure of a bench. */
export function goalOf(bench: string, figure: Figure): Goal | undefined {
  const target = targets.find((each) => each.bench === bench && fits(each, figure));
  return target && goal(target);
}

export function judge(results: readonly BenchResult[]): Judgement[] {
  return targets.map((target) => {
    const result = results.find(({ bench }) => bench === target.bench);
    const figure = result?.figures.find((each) => fits(target, each));
    const failures = result ? failuresOf(result) : [];
    const verdict = failures.length > 0 ? "FAILED" : verdictOf(goal(target), figure);
    return { target, goal: goal(target), figure, failures, verdict };
  });
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
  throw new Error(`targets.json: "${says}" has neither atMost nor atLeast`);
}

function verdictOf(goal: Goal, figure: Figure | undefined): Judgement["verdict"] {
  if (!figure) return "not measured";
  const { value } = figure;
  return ("atMost" in goal ? value <= goal.atMost : value >= goal.atLeast) ? "holds" : "MISSED";
}
