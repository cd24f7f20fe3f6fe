import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./environment.ts";

/** What `npm run bench` writes for each bench, and what the page and the targets are made of. */
export interface BenchResult {
  readonly bench: string;
  /** ISO 8601, when it ended. */
  readonly date: string;
  readonly seconds: number;
  /** The load average of the last minute when it began; 0 on a machine that does nothing else, or that does not tell. */
  readonly loadBefore: number;
  readonly environment: Environment;
  readonly tables: readonly Table[];
  readonly figures: readonly Figure[];
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
  /** One for each column, fewer where something failed; null is what nobody offers. */
  readonly cells: readonly Cell[];
  /** Why there are no figures, or why they are not used. */
  readonly failed?: string;
}

export type Cell = number | string | null | Spread;

/** The median of windows, and the quartiles around it. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly windows: number;
}

/** One number that something is aimed at. */
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
