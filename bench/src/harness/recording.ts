import { loadavg } from "node:os";
import { environment } from "./environment.ts";
import { type BenchResult, type Figure, type Row, reasonOf, type Table } from "./results.ts";
import { type Goal, goalOf, inWords, sameGoal } from "./targets.ts";

let recorded: { bench: string; tables: Table[]; figures: Figure[] } | undefined;

/** Runs a bench and gives what it has reported, as data. An error of the bench becomes part of its result. */
export async function record(bench: string, run: () => Promise<void>): Promise<BenchResult> {
  const loadBefore = loadavg()[0] ?? 0;
  const began = performance.now();
  const tables: Table[] = [];
  const figures: Figure[] = [];
  recorded = { bench, tables, figures };
  let failed: string | undefined;
  try {
    await run();
  } catch (error) {
    console.error(error);
    failed = reasonOf(error);
  } finally {
    recorded = undefined;
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  const date = new Date().toISOString();
  const result = { bench, date, seconds, loadBefore, environment: environment(), tables, figures };
  return failed === undefined ? result : { ...result, failed };
}

export function recordTable(table: Table): void {
  recorded?.tables.push(table);
}

/** Prints a figure beside its target, and records it with the table that was recorded last. */
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

/** The width of a column as it is printed. */
const WIDTH = 30;

/** Prints a table and records it. */
export function printTable(table: Table): void {
  console.log(`\n${table.title}`);
  const labels = table.columns.map(({ label }) => label.padStart(WIDTH)).join("");
  const width = Math.max(34, ...table.rows.map(({ name }) => name.length + 1));
  console.log(`  ${"".padEnd(width)}${labels}`);
  for (const row of table.rows) console.log(`  ${row.name.padEnd(width)}${rowText(row)}`);
  recordTable(table);
}

function rowText({ cells, failed, skipped }: Row): string {
  if (failed) return `  FAILED: ${failed}`;
  if (skipped) return `  skipped: ${skipped}`;
  return cells
    .map((cell) => {
      if (cell === null) return "-";
      if (typeof cell === "string") return cell;
      if (typeof cell === "number") return `${Number(cell.toPrecision(4))}`;
      return `${cell.median.toFixed(1)} (${cell.low.toFixed(1)} to ${cell.high.toFixed(1)})`;
    })
    .map((text) => text.padStart(WIDTH))
    .join("");
}
