// Each test that failed in a log of `npm test`, with what it said, so that the end of CI's output tells them.
//
//   node scripts/failed-tests.mjs LOG
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

const SHOWN_LINES = 30;
/** Of each package what it said since its last failure began. */
const open = new Map();
const failures = [];
for (const line of stripVTControlCharacters(readFileSync(process.argv[2], "utf8")).split("\n")) {
  // `@thulp-sessions/core:test:  FAIL  test/copy.test.ts > copies`, then its error; a ruled line ends it.
  // What turbo says at the end, of a package that failed without a test that did.
  if (/^Failed: /.test(line)) failures.push([line]);
  const [, name, said] = /^@thulp-sessions\/([\w-]+):test: ?(.*)$/.exec(line.trimEnd()) ?? [];
  if (name === undefined) continue;
  if (/^ FAIL /.test(said)) {
    const lines = [`${name}: ${said.trim()}`];
    open.set(name, lines);
    failures.push(lines);
  } else if (/^⎯/.test(said)) open.delete(name);
  else open.get(name)?.push(said);
}
for (const lines of failures) {
  console.log(lines.slice(0, SHOWN_LINES).join("\n").trimEnd());
  if (lines.length > SHOWN_LINES) console.log(`  (${lines.length - SHOWN_LINES} lines more)`);
  console.log();
}
