import { newUuid } from "@thulp-sessions/core";
import { spreadOf, withFolder } from "../harness/compare.ts";
import { printTable } from "../harness/recording.ts";
import type { CandidateProcess, WindowTimes } from "./candidate-process.ts";
import type { Durability } from "./candidates/adapter.ts";
import { participants, type SideResult, Suite } from "./suite.ts";

/** Up to this length, each window has new sessions, so that they are as long as they are said to be. */
const RENEWED = 100;
const AT_ONCE = 16;

/** The cost of an append as the session grows, for every candidate. */
export async function peersGrowth(quick: boolean): Promise<void> {
  await growth("durable", quick);
  if (!quick) await growth("relaxed", quick);
}

async function growth(durability: Durability, quick: boolean): Promise<void> {
  const lengths = quick ? [1, 100] : [1, 10, 100, 1_000, 10_000];
  const rounds = quick ? 1 : 9;
  await withFolder(async (folder) => {
    const suite = await Suite.open(participants(durability, folder));
    const results: SideResult[][] = [];
    for (const length of lengths) {
      const persistent = [newUuid()];
      if (length > RENEWED)
        await suite.each((process) => process.ask("make", { ids: persistent, length, touch: true }));
      let ids: readonly string[] = persistent;
      const renew = async (process: CandidateProcess) => {
        ids = Array.from({ length: quick ? 2 : AT_ONCE }, newUuid);
        // The first append to a session may look at it first: that is another measurement.
        await process.ask("make", { ids, length: length - 1, touch: true });
      };
      results.push(
        await suite.compare({
          rounds,
          ...(length <= RENEWED && { prepare: renew }),
          window: async (process) => {
            const atMost = length <= RENEWED ? ids.length : 40;
            return (await process.ask("append", { ids, callers: 1, atMost, ms: 60 })) as WindowTimes;
          },
          syncs: (operations) => operations,
        }),
      );
    }
    await suite.close();
    printTable({
      title: `an append as the session grows, ${durability}`,
      columns: lengths.map((length) => ({ label: `of ${length.toLocaleString("en")}`, unit: "us" })),
      rows: (results[0] ?? []).map(({ name }, i) => {
        const row = results.map((each) => each[i]);
        const failed = row.find((each) => each?.failed)?.failed;
        const cells = row.map((each) => spreadOf(each?.windowsUs ?? []));
        return failed ? { name, cells: [], failed } : { name, cells };
      }),
    });
  });
}
