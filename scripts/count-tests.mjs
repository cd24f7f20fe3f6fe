// Adds up what vitest says at the end of each package's tests, in a log of all of them: "passed failed
// skipped".
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const line of stripVTControlCharacters(readFileSync(process.argv[2], "utf8")).split("\n")) {
  const [, tests] = /\bTests\s+(.*)\(\d+\)/.exec(line) ?? [];
  for (const [, count, kind] of (tests ?? "").matchAll(/(\d+) (passed|failed|skipped)/g))
    totals[kind] += Number(count);
}
console.log(`${totals.passed} ${totals.failed} ${totals.skipped}`);
