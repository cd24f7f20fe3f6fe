import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import {
  type BenchResult,
  type Cell,
  type Figure,
  failuresOf,
  readResults,
  type Table,
  type Unit,
} from "../harness/results.ts";
import { inWords, type Judgement, judge } from "../harness/targets.ts";
import { sections } from "./page-sections.ts";
import { medianOf, short, time } from "./plot.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const PAGE = join("bench", "PERFORMANCE.md");
const PLOTS = join("bench", "plots");

/** Writes bench/PERFORMANCE.md and its plots. */
export async function writePage(): Promise<number> {
  const files = pageFiles(readResults());
  for (const path of extraPlots(files)) rmSync(join(ROOT, path));
  mkdirSync(join(ROOT, PLOTS), { recursive: true });
  for (const [path, text] of files) writeFileSync(join(ROOT, path), text);
  console.log(`\n${relative(process.cwd(), join(ROOT, PAGE))} and ${files.size - 1} plots are written.`);
  return 0;
}

/**
 * 0 if the page and its plots are what the results make, to the last byte, and nothing failed in the results.
 */
export async function checkPage(results: readonly BenchResult[] = readResults()): Promise<number> {
  const files = pageFiles(results);
  const wrong = [...files].filter(([path, text]) => {
    const file = join(ROOT, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== text;
  });
  const problems = [...wrong.map(([path]) => path), ...extraPlots(files)];
  for (const path of problems) console.error(`${path}: is not what bench/results makes: npm run bench page`);
  const failures = results.flatMap(failuresOf);
  for (const failure of failures) console.error(`bench/results: FAILED  ${failure}`);
  console.log(
    `page: ${files.size} files compared, ${problems.length} problems; ${failures.length} failures in the results`,
  );
  return problems.length + failures.length === 0 ? 0 : 1;
}

/** Plots in the folder that the results do not make. */
function extraPlots(files: ReadonlyMap<string, string>): string[] {
  const folder = join(ROOT, PLOTS);
  const there = existsSync(folder) ? readdirSync(folder) : [];
  return there.map((name) => join(PLOTS, name)).filter((path) => !files.has(path));
}

/** The page and its plots by their paths. */
export function pageFiles(results: readonly BenchResult[]): Map<string, string> {
  const files = new Map<string, string>();
  const text = [
    "# Performance",
    "<!-- NewSession by `npm run bench` of bench/results: do not edit. -->",
    "What an append, a load and a list cost here and elsewhere, and what survives a crash. All of it is measured by `npm run bench` " +
      "(bench/README.md says how): each candidate in a process of its own, in rounds that alternate between all of them, " +
      "so that a disturbance affects all of them. A figure is the median of its windows, with the quartiles in brackets.",
    environmentsOf(results),
    ...(results.length > 0 ? [targetsTable(judge(results))] : []),
  ];
  for (const { heading, intro, benches, plots } of sections) {
    const recorded = benches.flatMap((name) => results.filter(({ bench }) => bench === name));
    if (recorded.length === 0) continue;
    text.push(`## ${heading}`, intro);
    const tables = recorded.flatMap((result) => result.tables);
    for (const { file, table, alt, draw } of plots ?? []) {
      const found = tables.find(({ title }) => title.startsWith(table));
      if (!found) continue;
      files.set(join(PLOTS, file), draw(found));
      text.push(`![${alt}](plots/${file})`);
    }
    for (const result of recorded) {
      for (const table of result.tables) text.push(tableText(table));
      const loose = result.figures.filter(({ table, failed }) => table === undefined && failed === undefined);
      if (loose.length > 0) text.push(loose.map((figure) => `- ${figureText(figure)}`).join("\n"));
    }
  }
  return new Map([[PAGE, `${text.join("\n\n")}\n`], ...files]);
}

function environmentsOf(results: readonly BenchResult[]): string {
  const groups = new Map<string, string[]>();
  for (const { bench, date, environment } of results) {
    const { processor, cores, memoryGb, system, fileSystem, node, sqlite, syncs, commit } = environment;
    const where = `${processor}, ${cores} cores, ${memoryGb} GB, ${system}, ${fileSystem}; Node ${node}, SQLite ${sqlite}; commit ${commit}; syncs ${syncs}; ${date.slice(0, 10)}`;
    groups.set(where, [...(groups.get(where) ?? []), bench]);
  }
  const lines = [...groups].map(
    ([where, benches]) => `- ${where}${groups.size > 1 ? `: ${benches.join(", ")}` : ""}`,
  );
  const packages = Object.assign({}, ...results.map(({ environment }) => environment.packages));
  const versions = Object.entries(packages).map(([name, version]) => `\`${name}\` ${version}`);
  const loads = results.map(({ loadBefore }) => loadBefore ?? 0);
  const load = `The load average before each was ${short(Math.min(...loads))} to ${short(Math.max(...loads))}; the run itself makes about one or two.`;
  return [`Measured on:`, lines.join("\n"), load, `Against: ${versions.join(", ")}.`].join("\n\n");
}

function targetsTable(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ target, goal, figure, verdict }) => {
    const value = figure && verdict !== "FAILED" ? figureValue(figure) : "";
    const strong = verdict === "holds" ? verdict : `**${verdict}**`;
    return `| ${target.issue} | ${target.says} | ${inWords(goal)} | ${value} | ${strong} |`;
  });
  const held = judgements.filter(({ verdict }) => verdict === "holds").length;
  return [
    "## Targets",
    `bench/targets.json has the targets of the issues; \`npm run bench targets\` prints the same. ${held} of ${judgements.length} hold.`,
    ["| issue | target | bound | measured | verdict |", "| --- | --- | --- | --- | --- |", ...rows].join(
      "\n",
    ),
  ].join("\n\n");
}

function tableText({ title, columns, rows, settings = {} }: Table): string {
  const head = ["", ...columns.map(({ label }) => label)];
  // What failed is no result: it has no row here, and the check of the page says so.
  const shownRows = rows.filter(({ failed }) => failed === undefined);
  const lines = shownRows.map(({ name, cells, skipped }) => {
    const shown = skipped
      ? [`_skipped: ${skipped}_`, ...columns.slice(1).map(() => "")]
      : columns.map(({ unit }, i) => cellText(cells[i] ?? null, unit));
    return `| ${[name, ...shown].map(escaped).join(" | ")} |`;
  });
  const bySetting = Object.entries(settings).map(([name, setting]) => `${name}: ${setting}`);
  return [
    `**${title.charAt(0).toUpperCase()}${title.slice(1)}**`,
    [
      `| ${head.map(escaped).join(" | ")} |`,
      `| ${head.map((_, i) => (i === 0 ? "---" : "---:")).join(" | ")} |`,
      ...lines,
    ].join("\n"),
    ...(bySetting.length > 0
      ? [
          `<details><summary>Settings</summary>\n\n${bySetting.map((line) => `- ${line}`).join("\n")}\n\n</details>`,
        ]
      : []),
  ].join("\n\n");
}

function cellText(cell: Cell, unit: Unit): string {
  if (typeof cell === "string") return cell;
  const median = medianOf(cell ?? undefined);
  if (median === undefined) return "–";
  const spread = cell !== null && typeof cell === "object" && cell.windows > 1 ? cell : undefined;
  return `${inUnit(median, unit)}${spread ? ` (${inUnit(spread.low, unit)} to ${inUnit(spread.high, unit)})` : ""}`;
}

function inUnit(value: number, unit: Unit): string {
  switch (unit) {
    case "us":
      return time(value);
    case "ms":
      return time(value * 1000);
    case "bytes":
      return value >= 1e6
        ? `${short(value / 1e6)} MB`
        : value >= 1e3
          ? `${short(value / 1e3)} KB`
          : `${short(value)} B`;
    case "MB":
      return `${short(value)} MB`;
    case "share":
      return value === 0 ? "none" : `${Math.round(value * 100)} %`;
    case "ratio":
      return `${short(value)} ×`;
    default:
      return Number.isInteger(value) ? String(value) : short(value);
  }
}

function figureText(figure: Figure): string {
  return `${figure.what}: ${figureValue(figure)}`;
}

function figureValue({ value, low, high, unit = "" }: Figure): string {
  const spread = low === undefined || high === undefined ? "" : ` (${short(low)} to ${short(high)})`;
  return `${short(value)}${unit}${spread}`;
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
