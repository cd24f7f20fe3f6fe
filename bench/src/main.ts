import { parseArgs } from "node:util";
import { benches } from "./benches.ts";
import { rerunCounted } from "./harness/syncs.ts";
import { measure } from "./measure.ts";
import { checkPage, writePage } from "./report/page.ts";
import { printTargets } from "./report/print-targets.ts";

const USAGE = `npm run bench                       everything; results in bench/results, page in bench/PERFORMANCE.md
npm run bench <name>...             some of: ${Object.keys(benches).join(", ")}
npm run bench targets               each target, the figure of the last results, whether it holds
npm run bench page                  the page again, from the results
  -- --quick                        a few windows of everything, to see that it runs; nothing is written
  -- --dry-run                      in full, but nothing is written
  -- --large                        growth-postgres with ten million entries
  -- --check                        in the end: is the page what the results make?`;

const { values, positionals } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    "dry-run": { type: "boolean", default: false },
    large: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
if (values.help) console.log(USAGE);
else process.exitCode = await run(positionals);

async function run(names: readonly string[]): Promise<number> {
  if (names[0] === "targets") return printTargets();
  if (names[0] === "page") return values.check ? await checkPage() : await writePage();
  const unknown = names.find((name) => !Object.hasOwn(benches, name));
  if (unknown !== undefined) {
    console.error(`There is no bench "${unknown}".\n${USAGE}`);
    return 1;
  }
  const counted = await rerunCounted();
  if (counted !== undefined) return counted;
  const wanted = Object.entries(benches).filter(([name]) => names.length === 0 || names.includes(name));
  return await measure(Object.fromEntries(wanted), { ...values, dryRun: values["dry-run"] });
}
