import { spawn } from "node:child_process";
import { once } from "node:events";
import { newUuid } from "@thulp-sessions/core";
import { quantiles, spreadOf, withFolder } from "../harness/compare.ts";
import { printTable } from "../harness/recording.ts";
import type { Row } from "../harness/results.ts";
import { CandidateProcess } from "./candidate-process.ts";
import { readers } from "./read.ts";
import { type Participant, Suite } from "./suite.ts";

const SESSIONS = 200;

/**
 * A process from its start to its end that shows the last 50 entries of a long session, and the memory that
 * loading it takes.
 */
export async function peersStart(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 5;
  const length = quick ? 100 : 10_000;
  await withFolder(async (folder) => {
    const id = newUuid();
    const taking = readers(folder).filter(({ candidate }) => candidate.onDisk);
    const suite = await Suite.open(taking);
    await suite.each(async (process) => {
      await process.ask("fill", { sessions: quick ? 10 : SESSIONS, length: 1 });
      await process.ask("make", { ids: [id], length, touch: false });
    });
    await suite.close();
    const measured = taking.map(() => ({ wall: [] as number[], last: [] as number[], load: [] as number[] }));
    const node: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
      node.push(performance.now() - start);
      for (const [i, participant] of taking.entries()) {
        if (participant.skipped !== undefined) continue;
        const { candidate, durability, folder: own } = participant;
        const last = await CandidateProcess.once(candidate, durability, own, { last: id });
        const load = await CandidateProcess.once(candidate, durability, own, { load: id });
        measured[i]?.wall.push(last.wallMs);
        measured[i]?.last.push(last.mb);
        measured[i]?.load.push(load.mb);
      }
    }
    const base = quantiles(node)(0.5);
    const rowOf = ({ candidate, skipped }: Participant, i: number): Row => {
      const { wall = [], last = [], load = [] } = measured[i] ?? {};
      if (skipped !== undefined) return { name: candidate.title, cells: [], skipped };
      const cells = [spreadOf(wall), quantiles(wall)(0.5) / base, quantiles(last)(0.5), quantiles(load)(0.5)];
      return { name: candidate.title, cells };
    };
    printTable({
      title: `a process that shows the last 50 of ${length.toLocaleString("en")} entries, from start to end`,
      columns: [
        { label: "time", unit: "ms" },
        { label: "against node -e 0", unit: "ratio" },
        { label: "memory at most", unit: "MB" },
        { label: "memory, all loaded", unit: "MB" },
      ],
      rows: [{ name: "node -e 0", cells: [spreadOf(node), 1, null, null] }, ...taking.map(rowOf)],
    });
  });
}
