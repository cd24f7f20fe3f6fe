import { newUuid } from "@thulp-sessions/core";
import { withFolder } from "../harness/compare.ts";
import { printTable } from "../harness/recording.ts";
import type { Row } from "../harness/results.ts";
import { CandidateProcess, type WindowTimes } from "./candidate-process.ts";
import { diskBytes } from "./disk-bytes.ts";
import { participants } from "./suite.ts";

/**
 * A whole session, appended one entry after the other to an empty store: what it writes on the way, and what
 * is left on the disk.
 */
export async function peersSession(quick: boolean): Promise<void> {
  const length = quick ? 20 : 1_000;
  for (const durability of quick ? (["durable"] as const) : (["durable", "relaxed"] as const)) {
    await withFolder(async (folder) => {
      const rows: Row[] = [];
      for (const { candidate, folder: own, skipped } of participants(
        durability,
        folder,
        ({ onDisk }) => onDisk,
      )) {
        const name = candidate.title;
        if (skipped !== undefined) {
          rows.push({ name, cells: [], skipped });
          continue;
        }
        const process = await CandidateProcess.open(candidate, durability, own);
        const ids = [newUuid()];
        await process.ask("make", { ids, length: 1, touch: false });
        const before = process.counters();
        const done = (await process.ask("append", {
          ids,
          callers: 1,
          atMost: length,
          ms: 120_000,
        })) as WindowTimes;
        const after = process.counters();
        await process.close();
        const each = (of: "syncs" | "handed" | "written") =>
          after[of] === undefined ? null : ((after[of] ?? 0) - (before[of] ?? 0)) / done.operations;
        const syncs = each("syncs");
        if (durability === "durable" && syncs !== null && syncs < 1)
          rows.push({ name, cells: [], failed: `not durable: ${syncs} syncs for an append` });
        else
          rows.push({
            name,
            cells: [
              (done.us * done.operations) / 1000,
              syncs,
              each("handed"),
              each("written"),
              diskBytes(own) / length,
            ],
          });
      }
      printTable({
        title: `a session of ${length.toLocaleString("en")} entries, appended one by one, ${durability}`,
        columns: [
          { label: "in all", unit: "ms" },
          { label: "syncs an append", unit: "count" },
          { label: "bytes to the kernel an append", unit: "bytes" },
          { label: "bytes to the disk an append", unit: "bytes" },
          { label: "on disk, an entry", unit: "bytes" },
        ],
        rows,
      });
    });
  }
}
