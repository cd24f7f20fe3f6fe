import { join } from "node:path";
import { quantiles, type Result, resultOf, spreadOf } from "../harness/compare.ts";
import { installPeers, nodeOfAtLeast } from "../harness/peer-packages.ts";
import { printTable } from "../harness/recording.ts";
import { type Cell, reasonOf } from "../harness/results.ts";
import { CandidateProcess, type Counters, type WindowTimes } from "./candidate-process.ts";
import type { Durability } from "./candidates/adapter.ts";
import { type CatalogEntry, catalog } from "./candidates/catalog.ts";

/** A candidate of the catalogue that takes part at a durability, or the reason why it is skipped. */
export interface Participant {
  readonly candidate: CatalogEntry;
  readonly durability: Durability;
  readonly folder: string;
  readonly skipped?: string;
}

export interface SideResult extends Result {
  readonly cpuUs: number;
  /** Bytes for one operation. */
  readonly handed?: number | undefined;
  readonly written?: number | undefined;
  readonly settings?: string;
  /** The candidate offers nothing of the kind. */
  readonly absent?: boolean;
}

/** The candidates of the catalogue that offer this durability. */
export function participants(
  durability: Durability,
  folder: string,
  among: (candidate: CatalogEntry) => boolean = () => true,
): Participant[] {
  const wanted = catalog.filter((each) => each.durabilities.includes(durability) && among(each));
  const withoutPackages = wanted.some(({ packages }) => packages) ? installPeers() : undefined;
  return wanted.map((candidate) => {
    const participant = { candidate, durability, folder: join(folder, `${candidate.id}-${durability}`) };
    const skipped = reasonToSkip(candidate, withoutPackages);
    return skipped === undefined ? participant : { ...participant, skipped };
  });
}

/** @param withoutPackages why those of bench/peers are not there. */
export function reasonToSkip(
  { packages, node }: CatalogEntry,
  withoutPackages: string | undefined,
): string | undefined {
  if (packages && withoutPackages) return withoutPackages;
  return nodeOfAtLeast(node) === undefined
    ? `needs Node ${node} or newer; this is ${process.version}`
    : undefined;
}

interface Work {
  readonly rounds: number;
  /** Before each window, not measured. */
  readonly prepare?: (process: CandidateProcess) => Promise<void>;
  /** One window of a candidate; null where it offers nothing of the kind. */
  readonly window: (process: CandidateProcess) => Promise<WindowTimes | null>;
  /** The fewest syncs of so many durable operations; absent where nothing is stored. */
  readonly syncs?: (operations: number) => number;
}

/** Candidates side by side, each in a process of its own. One that fails is out, with the reason. */
export class Suite {
  readonly participants: readonly Participant[];
  readonly #open = new Map<Participant, CandidateProcess>();
  readonly #failed = new Map<Participant, string>();

  private constructor(participants: readonly Participant[]) {
    this.participants = participants;
  }

  static async open(participants: readonly Participant[]): Promise<Suite> {
    const suite = new Suite(participants);
    const taking = participants.filter(({ skipped }) => skipped === undefined);
    const opened = taking.map(({ candidate, durability, folder }) =>
      CandidateProcess.open(candidate, durability, folder),
    );
    for (const [i, outcome] of (await Promise.allSettled(opened)).entries()) {
      const participant = taking[i] as Participant;
      if (outcome.status === "fulfilled") suite.#open.set(participant, outcome.value);
      else suite.#failed.set(participant, reasonOf(outcome.reason));
    }
    return suite;
  }

  /** Each in turn. */
  async each(work: (process: CandidateProcess) => Promise<unknown>): Promise<void> {
    for (const [participant, process] of this.#open) await this.#try(participant, () => work(process));
  }

  /** Rounds in which each has a window; the first warms up. */
  async compare({ rounds, prepare, window, syncs }: Work): Promise<SideResult[]> {
    const windows = new Map<Participant, (WindowTimes & Counters)[]>();
    const absent = new Set<Participant>();
    for (let round = 0; round <= rounds; round++) {
      for (const [participant, process] of [...this.#open]) {
        if (absent.has(participant)) continue;
        await this.#try(participant, async () => {
          await prepare?.(process);
          const before = process.counters();
          const done = await window(process);
          const after = process.counters();
          if (!done) absent.add(participant);
          else if (round > 0) append(windows, participant, { ...done, ...difference(before, after) });
        });
      }
    }
    return this.participants.map((participant) => {
      const settings = this.#open.get(participant)?.settings;
      const name = participant.candidate.title;
      const nothing = { ...resultOf(name, []), cpuUs: Number.NaN };
      const failed = this.#failed.get(participant);
      if (participant.skipped !== undefined) return { ...nothing, skipped: participant.skipped };
      if (failed !== undefined) return { ...nothing, failed };
      if (absent.has(participant)) return { ...nothing, absent: true };
      const mustSync =
        participant.durability === "durable" && participant.candidate.onDisk ? syncs : undefined;
      return { ...summary(name, windows.get(participant) ?? [], mustSync), ...(settings && { settings }) };
    });
  }

  async close(): Promise<void> {
    for (const process of this.#open.values()) await process.close();
  }

  async #try(participant: Participant, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed.set(participant, reasonOf(error));
      await this.#open.get(participant)?.end("SIGKILL");
      this.#open.delete(participant);
    }
  }
}

function summary(name: string, windows: (WindowTimes & Counters)[], syncs: Work["syncs"]): SideResult {
  const median = (pick: (each: WindowTimes & Counters) => number | undefined) => {
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

const COLUMNS = {
  time: { label: "time", unit: "us" },
  ratio: { label: "against store-sqlite", unit: "ratio" },
  syncs: { label: "syncs", unit: "count" },
  handed: { label: "bytes to the kernel", unit: "bytes" },
  written: { label: "bytes to the disk", unit: "bytes" },
  cpu: { label: "processor", unit: "us" },
} as const;

/** Reports how they compare, with the columns that are asked for. */
export function reportSide(
  title: string,
  results: readonly SideResult[],
  columns: readonly (keyof typeof COLUMNS)[] = ["time", "ratio"],
): void {
  const base =
    results.find(({ failed, skipped, absent }) => !failed && !skipped && !absent)?.medianUs ?? Number.NaN;
  const cellsOf = (result: SideResult): Cell[] =>
    columns.map((column) => {
      const { medianUs, windowsUs, syncs, handed, written, cpuUs } = result;
      if (column === "time") return spreadOf(windowsUs);
      return { ratio: medianUs / base, syncs, handed, written, cpu: cpuUs }[column] ?? null;
    });
  const settings = results.flatMap(({ name, settings }) => (settings ? [[name, settings] as const] : []));
  printTable({
    title,
    columns: columns.map((column) => COLUMNS[column]),
    rows: results
      .filter(({ absent }) => !absent)
      .map((result) => ({
        name: result.name,
        cells: result.failed || result.skipped ? [] : cellsOf(result),
        ...(result.failed && { failed: result.failed }),
        ...(result.skipped && { skipped: result.skipped }),
      })),
    settings: Object.fromEntries(settings),
  });
}
