import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./environment.ts";

/**
 * What `npm run bench` writes for each bench. The page and the verdicts on the targets are derived from it.
 */
export interface BenchResult {
  readonly bench: string;
  /** ISO 8601, when it ended. */
  readonly date: string;
  readonly seconds: number;
  /** The load average of the last minute at the start; 0 on an idle machine, and where it is not known. */
  readonly loadBefore: number;
  readonly environment: Environment;
  readonly tables: readonly Table[];
  readonly figures: readonly Figure[];
  /** Why the bench ended before its end. */
  readonly failed?: string;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly { readonly label: string; readonly unit: Unit }[];
  readonly rows: readonly Row[];
  /** How each of the rows was set up, in words. */
  readonly settings?: Readonly<Record<string, string>>;
}

export type Unit = "us" | "ms" | "bytes" | "MB" | "count" | "ratio" | "share" | "text";

export interface Row {
  readonly name: string;
  /** One for each column, none where something failed; null where the candidate does not offer it. */
  readonly cells: readonly Cell[];
  /** Why there are no figures, or why they are not used: an error, which fails the bench. */
  readonly failed?: string;
  /** Why it was not measured here: a known condition, such as a Node that is too old, which fails nothing. */
  readonly skipped?: string;
}

export type Cell = number | string | null | Spread;

/** The median of windows, and the quartiles around it. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly windows: number;
}

/** One number that may have a target. */
export interface Figure {
  readonly what: string;
  /** The title of the table that it is drawn from. */
  readonly table?: string;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly unit?: string;
  readonly failed?: string;
}

/** Everything that failed in a bench, by name and reason. With one failure its figures are not used. */
export function failuresOf({ bench, tables, figures, failed }: BenchResult): string[] {
  const rows = tables.flatMap((table) => table.rows).filter((row) => row.failed !== undefined);
  const reasons = new Set(rows.map((row) => row.failed));
  // A figure that is drawn from a row fails for the reason of the row.
  const alone = figures.filter((figure) => figure.failed !== undefined && !reasons.has(figure.failed));
  const failures = [
    ...rows.map((row) => `${row.name}: ${row.failed}`),
    ...alone.map((figure) => `${figure.what}: ${figure.failed}`),
    ...(failed === undefined ? [] : [failed]),
  ];
  return [...new Set(failures)].map((failure) => `${bench}: ${failure}`);
}

/** An error in one line: what a child process prints when it ends with an error has many. */
export function reasonOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split("\n");
  return (lines.find((line) => /error/i.test(line)) ?? lines[0] ?? "").slice(0, 300);
}

const FOLDER = join(import.meta.dirname, "..", "..", "results");

export function readResults(): BenchResult[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(FOLDER, name), "utf8")));
}

/** Writes what was measured, with no more digits than it is worth. */
export function writeResult(result: BenchResult): void {
  mkdirSync(FOLDER, { recursive: true });
  const rounded = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  writeFileSync(join(FOLDER, `${result.bench}.json`), `${JSON.stringify(result, rounded, 2)}\n`);
}
