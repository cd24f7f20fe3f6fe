import fs from "node:fs";
import { join } from "node:path";
import { openFileStore } from "@thulp-sessions/store-fs";
import { withFolder } from "../harness/compare.ts";
import { makeSession } from "../harness/data.ts";
import { printTable, recordFigure } from "../harness/recording.ts";
import type { Row } from "../harness/results.ts";
import { runChild } from "../harness/run-child.ts";
import type { LoopReport, LoopTask } from "./loop-child.ts";

const CHILD = join(import.meta.dirname, "loop-child.js");

type Who = LoopTask["who"];

const BARE: Readonly<Record<"store-fs" | "store-sqlite" | "MemoryStore", Who>> = {
  "store-fs": "bare-fs",
  "store-sqlite": "bare-sqlite",
  MemoryStore: "bare-memory",
};

/**
 * Creations in one loop, against bare writes of as many files: does one fail, does anything pile up, does a
 * timer starve?
 */
export async function createFs(quick: boolean): Promise<void> {
  const calls = quick ? 500 : 300_000;
  const { bare, store } = await loops("store-fs", "create", calls);
  const title = `${calls.toLocaleString("en")} creations in one loop, store-fs, relaxed`;
  printTable({
    title,
    columns: [
      { label: "one", unit: "us" },
      { label: "longest wait of a timer", unit: "ms" },
      { label: "most locks", unit: "count" },
      { label: "memory after a tenth", unit: "MB" },
      { label: "memory at the end", unit: "MB" },
    ],
    rows: [
      row("bare writes of as many files", bare, ({ us, longestWaitMs, earlyMb, endMb }) => [
        us / calls,
        longestWaitMs,
        null,
        earlyMb,
        endMb,
      ]),
      row("await manager.createSession", store, ({ us, longestWaitMs, mostLocks, earlyMb, endMb }) => [
        us / calls,
        longestWaitMs,
        mostLocks,
        earlyMb,
        endMb,
      ]),
    ],
  });
  const failed = failureOf(bare, store);
  recordFigure({ what: "creations that failed", value: store.failed === undefined ? 0 : 1, ...failed });
  recordFigure({ what: "most locks", value: store.mostLocks, ...failed });
  recordFigure({
    what: "memory at the end against after a tenth",
    value: store.endMb / store.earlyMb,
    ...failed,
  });
  recordFigure({ what: "longest wait above that beside bare writes", ...waitAbove(store, bare), ...failed });
}

/** How long others in the process wait while a loop of calls runs, each awaited before the next. */
export async function starvation(quick: boolean): Promise<void> {
  const calls = quick ? 300 : 100_000;
  for (const who of ["store-fs", "store-sqlite", "MemoryStore"] as const) {
    const rows: Row[] = [];
    const figures: (() => void)[] = [];
    for (const call of ["append", "head", "create"] as const) {
      const { bare, store } = await loops(who, call, calls);
      const cells = ({ us, longestWaitMs }: LoopReport) => [us / calls, longestWaitMs];
      rows.push(row(`${call}, bare`, bare, cells), row(`${call}, ${who}`, store, cells));
      const what = `longest wait beside ${call}, ${who}, above that beside bare calls`;
      figures.push(() => recordFigure({ what, ...waitAbove(store, bare), ...failureOf(bare, store) }));
    }
    printTable({
      title: `a timer of 5 ms beside ${calls.toLocaleString("en")} calls in one loop, ${who}, relaxed`,
      columns: [
        { label: "one call", unit: "us" },
        { label: "longest wait of the timer", unit: "ms" },
      ],
      rows,
    });
    for (const record of figures) record();
  }
}

interface Pair {
  readonly bare: LoopReport;
  readonly store: LoopReport;
}

/**
 * Runs the loop of the store between two bare ones. The floor is the longer wait of those two: the machine
 * causes that much anyway.
 */
async function loops(who: keyof typeof BARE, call: LoopTask["call"], calls: number): Promise<Pair> {
  const bare = () => loopBy(BARE[who], call, calls);
  const before = await bare();
  const store = await loopBy(who, call, calls);
  const after = await bare();
  return { bare: before.longestWaitMs > after.longestWaitMs ? before : after, store };
}

async function loopBy(who: Who, call: LoopTask["call"], calls: number): Promise<LoopReport> {
  return await withFolder(async (folder) => {
    const sample = join(folder, "sample.json");
    const store = await openFileStore({ dir: join(folder, "one"), durability: "relaxed" });
    const id = await makeSession(store, 0);
    await store.close();
    fs.copyFileSync(join(folder, "one", `${id}.json`), sample);
    const task: LoopTask = { who, call, calls, dir: join(folder, "sessions"), sample };
    return runChild<LoopReport>(CHILD, [JSON.stringify(task)], ["--expose-gc"]);
  });
}

function row(name: string, report: LoopReport, cells: (report: LoopReport) => Row["cells"]): Row {
  return report.failed === undefined
    ? { name, cells: cells(report) }
    : { name, cells: [], failed: report.failed };
}

function failureOf(...reports: readonly LoopReport[]): { failed?: string } {
  const failed = reports.find((report) => report.failed !== undefined)?.failed;
  return failed === undefined ? {} : { failed };
}

function waitAbove(store: LoopReport, bare: LoopReport): { value: number; unit: string } {
  return { value: store.longestWaitMs - bare.longestWaitMs, unit: " ms" };
}
