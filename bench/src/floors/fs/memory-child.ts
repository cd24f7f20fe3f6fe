// A process of its own that does one thing with a large session, and prints the time that took and the most
// memory that the process had. Argument: a `MemoryTask` as JSON.
import { openFileStore } from "@thulp-sessions/store-fs";
import { peakMb } from "../../harness/peak-memory.ts";

export interface MemoryTask {
  readonly dir: string;
  readonly id: string;
  readonly work: "nothing" | "read pages" | "set the status";
}

export interface MemoryReport {
  readonly ms: number;
  readonly peakMb: number;
}

const { dir, id, work }: MemoryTask = JSON.parse(process.argv[2] ?? "{}");
const start = performance.now();
const store = await openFileStore({ dir });
if (work === "read pages") {
  let cursor: string | null = null;
  do {
    const page = await store.readEntries(id, { limit: 1_000, ...(cursor === null ? {} : { cursor }) });
    cursor = page.nextCursor;
  } while (cursor !== null);
}
if (work === "set the status") await store.update(id, { status: "completed" }, { at: Date.now() });
await store.close();
const report: MemoryReport = { ms: performance.now() - start, peakMb: peakMb() };
console.log(JSON.stringify(report));
