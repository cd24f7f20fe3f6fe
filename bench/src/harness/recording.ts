import { loadavg } from "node:os";
import { environment } from "./environment.ts";
import type { BenchResult, Figure, Table } from "./results.ts";
import { type Goal, goalOf, inWords, sameGoal } from "./targets.ts";

let recorded: { bench: string; tables: Table[]; figures: Figure[]; began: number } | undefined;

/** Runs a bench and gives what it has told meanwhile, as data. */
export async function record(bench: string, run: () => Promise<void>): Promise<BenchResult> {
  const loadBefore = loadavg()[0] ?? 0;
  recorded = { bench, tables: [], figures: [], began: performance.now() };
  await run();
  const { tables, figures, began } = recorded;
  recorded = undefined;
  const seconds = Math.round((performance.now() - began) / 1000);
  const date = new Date().toISOString();
  return { bench, date, seconds, loadBefore, environment: environment(), tables, figures };
}

export function recordTable(table: Table): void {
  recorded?.tables.push(table);
}

/** Tells a figure beside what is aimed at, and keeps it under the table that was told last. */
export function recordFigure(figure: Figure, given?: Goal): void {
  const table = recorded?.tables.at(-1)?.title;
  const kept: Figure = { ...figure, ...(table !== undefined && { table }) };
  recorded?.figures.push(kept);
  const stated = recorded && goalOf(recorded.bench, kept);
  if (given && stated && !sameGoal(given, stated)) {
    throw new Error(
      `"${figure.what}": the bench aims at ${inWords(given)}, targets.json at ${inWords(stated)}`,
    );
  }
  const goal = stated ?? given;
  const { what, value, low, high, unit = "", failed } = figure;
  const spread = low === undefined || high === undefined ? "" : `  (${low.toFixed(2)} to ${high.toFixed(2)})`;
  const aim = goal ? `; aim: ${inWords(goal)}` : "";
  console.log(`  = ${what}: ${failed ? `FAILED: ${failed}` : `${value.toFixed(2)}${unit}${spread}`}${aim}`);
}
