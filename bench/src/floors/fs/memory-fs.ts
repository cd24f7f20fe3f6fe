import fs from "node:fs";
import { join } from "node:path";
import { openFileStore } from "@thulp-sessions/store-fs";
import { withFolder } from "../../harness/compare.ts";
import { entry, makeSession } from "../../harness/data.ts";
import { printTable, recordFigure } from "../../harness/recording.ts";
import { runChild } from "../../harness/run-child.ts";
import type { MemoryReport, MemoryTask } from "./memory-child.ts";

const CHILD = join(import.meta.dirname, "memory-child.js");

/** The memory of a process that reads a large session page by page. */
export async function memoryFs(quick: boolean): Promise<void> {
  await withFolder(async (dir) => {
    const { id, words } = await makeLarge(dir, quick);
    const idle = run({ dir, id, work: "nothing" });
    const paging = run({ dir, id, work: "read pages" });
    reportMemory(`a process that reads ${words} in pages of 1000, store-fs`, [
      ["opens the store and closes it", idle],
      ["reads all pages", paging],
    ]);
    recordFigure({ what: "memory while paging", value: paging.peakMb, unit: " MB" });
  });
}

/**
 * The memory of a process that sets the status of a large session, above that of one that only opens the
 * store.
 */
export async function rewriteFs(quick: boolean): Promise<void> {
  await withFolder(async (dir) => {
    const { id, words } = await makeLarge(dir, quick);
    const idle = run({ dir, id, work: "nothing" });
    const changing = run({ dir, id, work: "set the status" });
    reportMemory(`a process that sets the status of ${words}, store-fs`, [
      ["opens the store and closes it", idle],
      ["sets the status", changing],
    ]);
    recordFigure({ what: "memory of a change of status", value: changing.peakMb - idle.peakMb, unit: " MB" });
  });
}

function run(task: MemoryTask): MemoryReport {
  return runChild<MemoryReport>(CHILD, [JSON.stringify(task)]);
}

/** A session of about 200 MB. */
async function makeLarge(dir: string, quick: boolean): Promise<{ id: string; words: string }> {
  const wantedBytes = (quick ? 10 : 200) * 1024 * 1024;
  const store = await openFileStore({ dir, durability: "relaxed" });
  const id = await makeSession(store, 0);
  const path = join(dir, `${id}.json`);
  while (fs.statSync(path).size < wantedBytes) {
    const entries = Array.from({ length: 2_000 }, (_, i) => entry(i));
    await store.append(id, entries, { at: 1 });
  }
  const { entryCount } = await store.head(id);
  await store.close();
  const megabytes = Math.round(fs.statSync(path).size / 1024 / 1024);
  return { id, words: `a session of ${megabytes} MB (${entryCount} entries)` };
}

function reportMemory(title: string, rows: readonly (readonly [string, MemoryReport])[]): void {
  printTable({
    title,
    columns: [
      { label: "time", unit: "ms" },
      { label: "memory at most", unit: "MB" },
    ],
    rows: rows.map(([name, { ms, peakMb }]) => ({ name, cells: [ms, peakMb] })),
  });
}
