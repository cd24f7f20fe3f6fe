import { newUuid } from "@thulp-sessions/core";
import { withFolder } from "../harness/compare.ts";
import type { CandidateProcess, WindowTimes } from "./candidate-process.ts";
import { participants, reportSide, Suite } from "./suite.ts";

/** Loading a session, and the last 50 entries of a long one. */
export async function peersRead(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 11;
  const [loaded, long] = quick ? [100, 200] : [2_000, 10_000];
  await withFolder(async (folder) => {
    const suite = await Suite.open(readers(folder));
    const [first, second] = [newUuid(), newUuid()];
    await suite.each(async (process) => {
      await process.ask("make", { ids: [first], length: loaded, touch: false });
      await process.ask("make", { ids: [second], length: long, touch: false });
    });
    const read = (given: { what: "load" | "last"; id: string; limit?: number }, expected: number) => ({
      rounds,
      window: async (process: CandidateProcess) => {
        const done = (await process.ask("read", { ...given, times: 2 })) as WindowTimes | null;
        if (done && done.found !== expected) throw new Error(`Error: ${done.found} of ${expected} entries`);
        return done;
      },
    });
    reportSide(
      `loading a session of ${loaded.toLocaleString("en")} entries`,
      await suite.compare(read({ what: "load", id: first }, loaded)),
    );
    reportSide(
      `the last 50 of ${long.toLocaleString("en")} entries`,
      await suite.compare(read({ what: "last", id: second, limit: 50 }, 50)),
    );
    await suite.close();
  });
}

/** The durability of what was written makes no difference to a read, so each candidate takes part once. */
export function readers(folder: string) {
  const relaxed = participants("relaxed", folder);
  const others = participants("durable", folder, ({ durabilities }) => !durabilities.includes("relaxed"));
  return [...relaxed, ...others];
}
