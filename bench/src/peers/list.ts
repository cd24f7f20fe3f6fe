import { spreadOf, withFolder } from "../harness/compare.ts";
import { printTable } from "../harness/recording.ts";
import { type Row, reasonOf } from "../harness/results.ts";
import { CandidateProcess, MARKED_OF, RARE_OF, type WindowTimes } from "./candidate-process.ts";
import { readers } from "./read.ts";
import { reportSide, type SideResult, Suite } from "./suite.ts";

const PAGE = 50;
const ENTRIES = 5;

/**
 * Pages of stores of different sizes: warm, of marked sessions only, in a new process; and a search over all
 * of them.
 */
export async function peersList(quick: boolean): Promise<void> {
  const sizes = quick ? [100] : [10, 1_000, 10_000, 100_000];
  const warm: Sized[] = [];
  const marked: Sized[] = [];
  const cold: Sized[] = [];
  for (const size of sizes) {
    await withFolder(async (folder) => {
      const taking = readers(folder).filter(({ candidate }) => candidate.lists >= size);
      const suite = await Suite.open(taking);
      await suite.each((process) => process.ask("fill", { sessions: size, length: ENTRIES }));
      const rounds = quick ? 1 : 5;
      const read = (what: "list" | "listMarked" | "search", there: number) => ({
        rounds,
        window: async (process: CandidateProcess) => {
          const done = (await process.ask("read", { what, limit: PAGE, times: 2 })) as WindowTimes | null;
          const wanted = Math.min(PAGE, there);
          if (done && (done.found ?? 0) < wanted) throw new Error(`Error: ${done.found} of ${wanted} found`);
          return done;
        },
      });
      warm.push({ size, results: await suite.compare(read("list", size)) });
      marked.push({ size, results: await suite.compare(read("listMarked", Math.ceil(size / MARKED_OF))) });
      if (size === (quick ? 100 : 10_000)) {
        reportSide(
          `the first hits for a rare word in ${(size * ENTRIES).toLocaleString("en")} entries`,
          await suite.compare(read("search", Math.ceil((size * ENTRIES) / RARE_OF))),
        );
      }
      await suite.close();
      cold.push({ size, results: await coldPages(taking, quick ? 1 : 3) });
    });
  }
  tellSizes("the first page of 50, again", warm);
  tellSizes("the first page of 50 of those with a mark, which one of a hundred has", marked);
  tellSizes("the first page of 50 in a new process, from opening the store", cold);
}

interface Sized {
  readonly size: number;
  readonly results: readonly Pick<SideResult, "name" | "windowsUs" | "failed" | "skipped" | "absent">[];
}

async function coldPages(taking: ReturnType<typeof readers>, rounds: number): Promise<Sized["results"]> {
  const windows = taking.map((): number[] => []);
  const failed = taking.map((): string | undefined => undefined);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { candidate, durability, folder, skipped }] of taking.entries()) {
      if (skipped !== undefined || !candidate.onDisk || failed[i]) continue;
      try {
        windows[i]?.push((await CandidateProcess.once(candidate, durability, folder, { list: PAGE })).us);
      } catch (error) {
        failed[i] = reasonOf(error);
      }
    }
  }
  return taking.map(({ candidate, skipped }, i) => ({
    name: candidate.title,
    windowsUs: windows[i] ?? [],
    failed: failed[i],
    ...(skipped !== undefined && { skipped }),
    absent: !candidate.onDisk,
  }));
}

/** One table of all sizes: a row for each candidate that takes part in any. */
function tellSizes(title: string, sized: readonly Sized[]): void {
  const names = new Set(
    sized.flatMap(({ results }) => results.filter(({ absent }) => !absent).map(({ name }) => name)),
  );
  const rows = [...names].map((name): Row => {
    const found = sized.map(({ results }) => results.find((each) => each.name === name));
    const failed = found.find((each) => each?.failed)?.failed;
    if (failed) return { name, cells: [], failed };
    const skipped = found.find((each) => each?.skipped)?.skipped;
    if (skipped) return { name, cells: [], skipped };
    const cells = found.map((each) => (each && !each.absent ? spreadOf(each.windowsUs) : null));
    return { name, cells };
  });
  const columns = sized.map(({ size }) => ({
    label: `of ${size.toLocaleString("en")}`,
    unit: "us" as const,
  }));
  printTable({ title, columns, rows });
}
