// The test files that took longest, and what those of each package took together, in a log of `npm test`.
//
//   node scripts/slowest-tests.mjs LOG
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

const SHOWN = 25;
const files = [];
const packages = new Map();
for (const line of stripVTControlCharacters(readFileSync(process.argv[2], "utf8")).split("\n")) {
  // `@thulp-sessions/core:test:  ✓ test/copy.test.ts (40 tests) 1234ms`, a space before the unit or none.
  const [, name, file, ms] =
    /^@thulp-sessions\/([\w-]+):test:\s+\S\s+(\S+\.test\.ts) \(.*\) (\d+)\s?ms$/.exec(line.trimEnd()) ?? [];
  if (name === undefined) continue;
  files.push({ name: `${name}/${file}`, ms: Number(ms) });
  packages.set(name, (packages.get(name) ?? 0) + Number(ms));
}
const byPackage = [...packages].map(([name, ms]) => ({ name, ms }));
const print = (rows) => {
  for (const { name, ms } of rows.sort((a, b) => b.ms - a.ms).slice(0, SHOWN))
    console.log(`${(ms / 1000).toFixed(1).padStart(14)} s  ${name}`);
};
print(byPackage);
print(files);
