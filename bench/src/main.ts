import { parseArgs } from "node:util";
import { benches } from "./benches.ts";
import { record } from "./harness/recording.ts";
import { writeResult } from "./harness/results.ts";
import { rerunCounted, UNCOUNTED } from "./harness/syncs.ts";
import { printTargets } from "./harness/targets.ts";
import { checkPage, writePage } from "./report/page.ts";

const USAGE = `npm run bench                       everything; results in bench/results, page in docs/performance.md
npm run bench <name>...             some of: ${Object.keys(benches).join(", ")}
npm run bench targets               each target, the figure of the last results, whether it holds
npm run bench page                  the page, made of the results anew
  -- --quick                        a few windows of everything, to see that it runs; nothing is written
  -- --check                        in the end: is the page what the results make?`;

const { values, positionals } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
if (values.help) console.log(USAGE);
else process.exitCode = await run(positionals);

async function run(names: readonly string[]): Promise<number> {
  if (names[0] === "targets") {
    printTargets();
    return 0;
  }
  if (names[0] === "page") return values.check ? await checkPage() : await writePage();
  const unknown = names.find((name) => !Object.hasOwn(benches, name));
  if (unknown !== undefined) {
    console.error(`There is no bench "${unknown}".\n${USAGE}`);
    return 1;
  }
  const counted = await rerunCounted();
  if (counted !== undefined) return counted;
  return await measure(names.length > 0 ? names : Object.keys(benches));
}

async function measure(names: readonly string[]): Promise<number> {
  console.log(
    `Node ${process.version}, ${process.platform} ${process.arch}; medians of windows that alternate, and quartiles`,
  );
  console.log(UNCOUNTED ? `Syncs are not counted: ${UNCOUNTED}.` : "Syncs are counted.");
  for (const name of names) {
    const bench = benches[name];
    if (!bench) continue;
    const result = await record(name, () => bench(values.quick));
    console.log(`  (${name}: ${result.seconds} s)`);
    if (!values.quick) writeResult(result);
  }
  if (!values.quick) return await writePage();
  return values.check ? await checkPage() : 0;
}
