import { join } from "node:path";
import { quantiles, type Result, resultOf, spreadOf } from "../harness/compare.ts";
import { installPeers, nodeOfAtLeast } from "../harness/peer-packages.ts";
import { recordTable } from "../harness/recording.ts";
import type { Cell, Row, Table } from "../harness/results.ts";
import { ContestantProcess, type Counters, type Done } from "./candidate-process.ts";
import type { Promised } from "./candidates/adapter.ts";
import { type CatalogEntry, catalog } from "./candidates/catalog.ts";

/** Somebody of the catalogue who takes part, or why he does not. */
export interface Entrant {
  readonly contestant: CatalogEntry;
  readonly promised: Promised;
  readonly folder: string;
  readonly why?: string;
}

export interface SideResult extends Result {
  readonly cpuUs: number;
  /** Bytes for one operation. */
  readonly handed?: number | undefined;
  readonly written?: number | undefined;
  readonly settings?: string;
  /** Nothing of the kind is offered. */
  readonly absent?: boolean;
}

/** Who takes part where so much is promised: those that cannot promise it take part with what they have where nobody promises more. */
export function entrants(
  promised: Promised,
  folder: string,
  among: (contestant: CatalogEntry) => boolean = () => true,
): Entrant[] {
  const wanted = catalog.filter((each) => each.promises.includes(promised) && among(each));
  const withoutPackages = wanted.some(({ packages }) => packages) ? installPeers() : undefined;
  return wanted.map((contestant) => {
    const entrant = { contestant, promised, folder: join(folder, `${contestant.id}-${promised}`) };
    if (contestant.packages && withoutPackages) return { ...entrant, why: withoutPackages };
    if (nodeOfAtLeast(contestant.node) === undefined)
      return { ...entrant, why: `needs Node ${contestant.node} or newer; this is ${process.version}` };
    return entrant;
  });
}

interface Work {
  readonly rounds: number;
  /** Before each window, not measured. */
  readonly prepare?: (process: ContestantProcess) => Promise<void>;
  /** One window of a contestant; null where it offers nothing of the kind. */
  readonly window: (process: ContestantProcess) => Promise<Done | null>;
  /** The syncs that so many operations need at least to be durable; absent where nothing is stored. */
  readonly syncs?: (operations: number) => number;
}

/** Side by side: whoever is open by now, each in its process. */
export class Field {
  readonly entrants: readonly Entrant[];
  readonly #open = new Map<Entrant, ContestantProcess>();
  readonly #failed = new Map<Entrant, string>();

  private constructor(entrants: readonly Entrant[]) {
    this.entrants = entrants;
  }

  static async open(entrants: readonly Entrant[]): Promise<Field> {
    const field = new Field(entrants);
    const opened = entrants.map(async ({ contestant, promised, folder, why }) => {
      if (why !== undefined) throw new Error(`skipped: ${why}`);
      return ContestantProcess.open(contestant, promised, folder);
    });
    for (const [i, outcome] of (await Promise.allSettled(opened)).entries()) {
      const entrant = entrants[i] as Entrant;
      if (outcome.status === "fulfilled") field.#open.set(entrant, outcome.value);
      else field.#failed.set(entrant, reasonOf(outcome.reason));
    }
    return field;
  }

  /** Each in turn; who fails is out, with the reason. */
  async each(work: (process: ContestantProcess) => Promise<unknown>): Promise<void> {
    for (const [entrant, process] of this.#open) await this.#try(entrant, () => work(process));
  }

  /** Rounds in which each has a window; the first warms up. */
  async compare({ rounds, prepare, window, syncs }: Work): Promise<SideResult[]> {
    const windows = new Map<Entrant, (Done & Counters)[]>();
    const absent = new Set<Entrant>();
    for (let round = 0; round <= rounds; round++) {
      for (const [entrant, process] of [...this.#open]) {
        if (absent.has(entrant)) continue;
        await this.#try(entrant, async () => {
          await prepare?.(process);
          const before = process.counters();
          const done = await window(process);
          const after = process.counters();
          if (!done) absent.add(entrant);
          else if (round > 0) append(windows, entrant, { ...done, ...difference(before, after) });
        });
      }
    }
    return this.entrants.map((entrant) => {
      const settings = this.#open.get(entrant)?.settings;
      const name = entrant.contestant.title;
      const failed = this.#failed.get(entrant);
      if (failed || absent.has(entrant))
        return { ...resultOf(name, []), cpuUs: Number.NaN, ...(failed ? { failed } : { absent: true }) };
      const mustSync = entrant.promised === "durable" && entrant.contestant.onDisk ? syncs : undefined;
      return { ...summary(name, windows.get(entrant) ?? [], mustSync), ...(settings && { settings }) };
    });
  }

  async close(): Promise<void> {
    for (const process of this.#open.values()) await process.close();
  }

  async #try(entrant: Entrant, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed.set(entrant, reasonOf(error));
      await this.#open.get(entrant)?.end("SIGKILL");
      this.#open.delete(entrant);
    }
  }
}

/** In one line: what a process prints when it ends with an error has many. */
function reasonOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split("\n");
  return (lines.find((line) => /error|skipped/i.test(line)) ?? lines[0] ?? "").slice(0, 300);
}

function summary(name: string, windows: (Done & Counters)[], syncs: Work["syncs"]): SideResult {
  const median = (pick: (each: Done & Counters) => number | undefined) => {
    const values = windows.map(pick).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : quantiles(values)(0.5);
  };
  const each = (pick: (each: Counters) => number | undefined) =>
    median((window) => {
      const value = pick(window);
      return value === undefined ? undefined : value / window.operations;
    });
  const short = windows.find((window) => (window.syncs ?? Number.NaN) < (syncs?.(window.operations) ?? 0));
  return {
    ...resultOf(
      name,
      windows.map(({ us }) => us),
    ),
    cpuUs: median(({ cpuUs }) => cpuUs) ?? Number.NaN,
    syncs: each((window) => window.syncs),
    handed: each((window) => window.handed),
    written: each((window) => window.written),
    ...(short && { failed: `not durable: ${short.syncs} syncs for ${short.operations} operations` }),
  };
}

function difference(before: Counters, after: Counters): Counters {
  const of = (name: keyof Counters) => {
    const [from, to] = [before[name], after[name]];
    return from === undefined || to === undefined ? undefined : to - from;
  };
  return { syncs: of("syncs"), handed: of("handed"), written: of("written") };
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}

/** Of a column, as it is printed. */
const WIDTH = 30;

const COLUMNS = {
  time: { label: "time", unit: "us" },
  ratio: { label: "against store-sqlite", unit: "ratio" },
  syncs: { label: "syncs", unit: "count" },
  handed: { label: "bytes to the kernel", unit: "bytes" },
  written: { label: "bytes to the disk", unit: "bytes" },
  cpu: { label: "processor", unit: "us" },
} as const;

/** Tells how they compare, with the columns that are asked for. */
export function reportSide(
  title: string,
  results: readonly SideResult[],
  columns: readonly (keyof typeof COLUMNS)[] = ["time", "ratio"],
): void {
  const base = results.find(({ failed, absent }) => !failed && !absent)?.medianUs ?? Number.NaN;
  const cellsOf = (result: SideResult): Cell[] =>
    columns.map((column) => {
      const { medianUs, windowsUs, syncs, handed, written, cpuUs } = result;
      if (column === "time") return spreadOf(windowsUs);
      return { ratio: medianUs / base, syncs, handed, written, cpu: cpuUs }[column] ?? null;
    });
  const settings = results.flatMap(({ name, settings }) => (settings ? [[name, settings] as const] : []));
  tell({
    title,
    columns: columns.map((column) => COLUMNS[column]),
    rows: results
      .filter(({ absent }) => !absent)
      .map((result) => ({
        name: result.name,
        cells: result.failed ? [] : cellsOf(result),
        ...(result.failed && { failed: result.failed }),
      })),
    settings: Object.fromEntries(settings),
  });
}

/** Prints a table and records it. */
export function tell(table: Table): void {
  console.log(`\n${table.title}`);
  const labels = table.columns.map(({ label }) => label.padStart(WIDTH)).join("");
  console.log(`  ${"".padEnd(34)}${labels}`);
  for (const row of table.rows) console.log(`  ${row.name.padEnd(34)}${inWords(row)}`);
  recordTable(table);
}

function inWords({ cells, failed }: Row): string {
  if (failed) return `  ${failed}`;
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
