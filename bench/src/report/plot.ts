import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Row, Spread, Table } from "../harness/results.ts";

const WIDTH = 860;
const HEIGHT = 460;
/** Of a line of text, in pixels. */
const LINE = 15;
/** Readable on white and on black; ours are the two strongest, and thicker. */
const COLOURS: Readonly<Record<string, string>> = {
  "store-sqlite": "#2f81f7",
  "store-fs": "#1a9e55",
  MemoryStore: "#7fb2f0",
  "LangGraph SqliteSaver": "#d9534f",
  "Mastra LibSQLStore": "#b8741a",
  "Google ADK, MikroORM + libsql": "#a855c7",
  "OpenAI Agents MemorySession": "#c77ba0",
  "JSONL append log": "#8a9a1f",
  "whole file rewritten": "#e0609a",
  "bare better-sqlite3": "#7a8699",
  "bare file writes": "#9a8a78",
};
const STYLE =
  ":root{color:#1f2328;background:#fff}.ground{fill:#fff}" +
  "@media(prefers-color-scheme:dark){:root{color:#e6edf3;background:#0d1117}.ground{fill:#0d1117}}";

interface Point {
  readonly name: string;
  readonly x: number;
  readonly us: number;
}

/**
 * Lines of a table whose columns are sizes ("of 1,000"), both axes logarithmic, each line named at its end.
 */
export function growthPlot(table: Table, x: string, y: string): string {
  const sizes = table.columns.map(({ label }) => Number(label.replace(/\D/g, "")));
  const points = table.rows.flatMap((row) =>
    row.cells.flatMap((cell, i): Point[] => {
      const us = medianOf(cell);
      return us === undefined ? [] : [{ name: row.name, x: sizes[i] ?? 1, us }];
    }),
  );
  const [least, most] = [Math.min(...points.map(({ us }) => us)), Math.max(...points.map(({ us }) => us))];
  const ends = spreadOut(
    [...new Set(points.map(({ name }) => name))].map((name) => points.findLast((each) => each.name === name)),
    (most / least) ** (LINE / (HEIGHT - 90)),
  );
  const largest = Math.max(...sizes);
  return svgOf({
    height: HEIGHT,
    marginLeft: 70,
    marginRight: 215,
    x: {
      type: "log",
      label: `${x} →`,
      domain: [Math.min(...sizes), largest],
      ticks: sizes,
      tickFormat: size,
    },
    y: { type: "log", label: `↑ ${y}`, domain: [least / 1.4, most * 1.4], tickFormat: time, grid: true },
    marks: [
      Plot.line(points, { x: "x", y: "us", z: "name", stroke: colour, strokeWidth: thickness }),
      Plot.dot(points, { x: "x", y: "us", r: 2.5, fill: colour }),
      Plot.text(ends, {
        x: "x",
        y: "at",
        text: "name",
        fill: colour,
        textAnchor: "start",
        dx: 10,
        clip: false,
      }),
    ],
  });
}

/** Bars of the first column of a table, the quickest first, each with its value. */
export function barPlot(table: Table, label: string): string {
  const bars = table.rows
    .flatMap((row) => {
      const us = medianOf(row.cells[0]);
      return us === undefined ? [] : [{ name: row.name, us }];
    })
    .sort((a, b) => a.us - b.us);
  const most = Math.max(...bars.map(({ us }) => us));
  const least = Math.min(...bars.map(({ us }) => us));
  return svgOf({
    height: 60 + 28 * bars.length,
    marginLeft: 215,
    marginRight: 80,
    x: { type: "log", label: `${label} →`, domain: [least / 3, most], tickFormat: time, grid: true },
    y: { label: null, domain: bars.map(({ name }) => name), tickSize: 0 },
    marks: [
      Plot.barX(bars, { x1: least / 3, x2: "us", y: "name", fill: colour }),
      Plot.text(bars, {
        x: "us",
        y: "name",
        text: ({ us }) => time(us),
        textAnchor: "start",
        dx: 6,
        fill: "currentColor",
      }),
    ],
  });
}

export function medianOf(cell: Row["cells"][number] | undefined): number | undefined {
  if (typeof cell === "number") return cell;
  const median = cell && typeof cell === "object" ? (cell as Spread).median : undefined;
  return typeof median === "number" && Number.isFinite(median) ? median : undefined;
}

/** "48 µs", "3.4 ms", "1.2 s". */
export function time(us: number): string {
  const [value, unit] = us >= 1e6 ? [us / 1e6, "s"] : us >= 1e3 ? [us / 1e3, "ms"] : [us, "µs"];
  return `${short(value)} ${unit}`;
}

export function short(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.1) return `${Number(value.toPrecision(2))}`;
  return Math.abs(value) >= 100 ? value.toFixed(0) : `${Number(value.toPrecision(3))}`;
}

function size(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** The names at the ends of the lines, each so many times above the one below it that both can be read. */
function spreadOut(ends: readonly (Point | undefined)[], apart: number): (Point & { at: number })[] {
  const placed = ends
    .filter((end) => end !== undefined)
    .sort((a, b) => a.us - b.us)
    .map((end) => ({ ...end, at: end.us }));
  for (let i = 1; i < placed.length; i++) {
    const [below, above] = [placed[i - 1], placed[i]];
    if (below && above && above.at < below.at * apart) above.at = below.at * apart;
  }
  return placed;
}

function colour({ name }: { readonly name: string }): string {
  return COLOURS[name] ?? "#888888";
}

function thickness({ name }: { readonly name: string }): number {
  return name.startsWith("store-") ? 3.5 : 1.5;
}

function svgOf(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<html><body></body></html>");
  const svg = Plot.plot({
    ...options,
    document: document as never,
    width: WIDTH,
    style: { background: "transparent", fontSize: "12px", fontFamily: "system-ui, sans-serif" },
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const inside = String(svg.outerHTML)
    .replace(/<style>/, `<style>${STYLE}`)
    .replace("</style>", '</style><rect class="ground" width="100%" height="100%"></rect>');
  // The same to the last digit, whatever computes the logarithms.
  return `${inside.replace(/-?\d+\.\d{3,}/g, (digits: string) => `${Number(Number(digits).toFixed(2))}`)}\n`;
}
