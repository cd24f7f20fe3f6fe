import { record } from "./harness/recording.ts";
import { failuresOf, writeResult } from "./harness/results.ts";
import { UNCOUNTED } from "./harness/syncs.ts";
import { checkPage, writePage } from "./report/page.ts";

export type Bench = (quick: boolean, isLarge: boolean) => Promise<void>;

export interface MeasureOptions {
  /** A few windows of everything; nothing is written. */
  readonly quick: boolean;
  /** The sizes of which one thinks twice. */
  readonly large?: boolean;
  /** Everything in full, and still nothing is written. */
  readonly dryRun?: boolean;
  /** At the end: is the page what the results make? */
  readonly check: boolean;
}

/** Runs the benches one after the other and gives the exit code: 1 where any of their candidates failed. */
export async function measure(
  benches: Readonly<Record<string, Bench>>,
  { quick, large = false, dryRun = false, check }: MeasureOptions,
): Promise<number> {
  console.log(
    `Node ${process.version}, ${process.platform} ${process.arch}; medians of windows that alternate, and quartiles`,
  );
  console.log(UNCOUNTED ? `Syncs are not counted: ${UNCOUNTED}.` : "Syncs are counted.");
  const writes = !quick && !dryRun;
  const failures: string[] = [];
  for (const [name, bench] of Object.entries(benches)) {
    const result = await record(name, () => bench(quick, large));
    console.log(`  (${name}: ${result.seconds} s)`);
    failures.push(...failuresOf(result));
    if (writes) writeResult(result);
  }
  if (writes) await writePage();
  const checked = check ? await checkPage() : 0;
  for (const failure of failures) console.error(`FAILED  ${failure}`);
  return failures.length === 0 ? checked : 1;
}
