import { newUuid } from "@thulp-sessions/core";
import { withFolder } from "../harness/compare.ts";
import type { CandidateProcess, WindowTimes } from "./candidate-process.ts";
import { participants, reportSide, Suite } from "./suite.ts";

const COLUMNS = ["time", "ratio", "syncs", "handed", "written", "cpu"] as const;

/** An append by one caller and by 64, for every candidate, at each durability. */
export async function peersAppend(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 15;
  const callers = quick ? 4 : 64;
  const [lone, each] = quick ? [5, 1] : [100, 8];
  for (const durability of quick ? (["durable"] as const) : (["durable", "relaxed"] as const)) {
    await withFolder(async (folder) => {
      const suite = await Suite.open(participants(durability, folder));
      let ids: string[] = [];
      // New sessions for each window, so that no candidate's have grown longer than another's.
      const fresh = async (process: CandidateProcess, count: number, length: number) => {
        ids = Array.from({ length: count }, newUuid);
        await process.ask("make", { ids, length, touch: true });
      };
      const append = async (process: CandidateProcess, atOnce: number, atMost: number) =>
        (await process.ask("append", { ids, callers: atOnce, atMost, ms: 200 })) as WindowTimes;
      const alone = await suite.compare({
        rounds,
        prepare: (process) => fresh(process, 1, 100),
        window: (process) => append(process, 1, lone),
        syncs: (operations) => operations,
      });
      reportSide(`an append to a session of 100, one caller, ${durability}`, alone, COLUMNS);
      const together = await suite.compare({
        rounds: Math.ceil(rounds / 2),
        prepare: (process) => fresh(process, callers, 20),
        window: (process) => append(process, callers, callers * each),
        syncs: (operations) => Math.ceil(operations / callers),
      });
      reportSide(`an append, ${callers} callers on ${callers} sessions, ${durability}`, together, COLUMNS);
      await suite.close();
    });
  }
}
