// What could differ on another Node than the one that runs `npm test`: what every store promises, the native
// binding, and `npm start`. Each Node comes from its npm package (tooling/other-nodes), and runs in a copy of
// this tree with an install of its own. Says why where it cannot.
//
//   node scripts/other-node.mjs [24 | 26]...     both when none is named
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyTree } from "./copy-tree.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const START = ["--filter=@thulp-sessions/consumer-tests", "--", "test/start-set.test.ts"];
/** Without the long tests of kills and faults: files are the same for every Node. */
const FILES = [
  "--filter=@thulp-sessions/store-fs",
  "--",
  ...["test/conformance.test.ts", "test/disk", "test/format", "test/lock/lock.test.ts", "test/watch"],
];
/** For each version the arguments of `npm test`, one run after the other. */
const RUNS = {
  // The newest LTS.
  26: [
    [
      "--filter=@thulp-sessions/store-conformance",
      "--filter=@thulp-sessions/store-sqlite",
      "--filter=@thulp-sessions/client",
    ],
    FILES,
    START,
  ],
  // Its headers make bindings that abort: see scripts/object-wrap-without-hook.h.
  24: [["--filter=@thulp-sessions/store-sqlite"], START],
};

const majors = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(RUNS);
const unknown = majors.filter((major) => !Object.hasOwn(RUNS, major));
if (unknown.length > 0) {
  console.error(`Not ${unknown.join(", ")}: the tests run on Node ${Object.keys(RUNS).join(" and ")}.`);
  process.exit(2);
}
process.exitCode = majors.map(testOn).some((isPassed) => !isPassed) ? 1 : 0;

function testOn(major) {
  const manifest = manifestOf(`node-${major}`);
  if (!manifest)
    return skip(major, `npm has no Node ${major} for ${process.platform}-${process.arch} that is known here`);
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  if (version === process.versions.node) return skip(major, "it runs this script: npm test is for it");
  const folder = mkdtempSync(join(tmpdir(), `thulp-sessions-node-${major}-`));
  // Some tests run what is in it as another user.
  chmodSync(folder, 0o755);
  try {
    copyTree(root, folder);
    console.log(`npm test on Node ${version}, in ${folder}`);
    return RUNS[major].every((args) => runTests(folder, dirname(manifest), args));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function manifestOf(name) {
  try {
    const { resolve } = createRequire(join(root, "tooling", "other-nodes", "package.json"));
    return resolve(`${name}/package.json`);
  } catch {
    // An optional dependency, for one platform only.
    return undefined;
  }
}

function runTests(cwd, nodeFolder, args) {
  const env = { ...process.env, PATH: [join(nodeFolder, "bin"), process.env.PATH].join(delimiter) };
  // What a script of npm or pnpm has been told is about the Node that runs it.
  for (const name of Object.keys(env))
    if (/^(npm_|pnpm_|PNPM_SCRIPT|INIT_CWD$|NODE$|BOOTSTRAP_NODE$)/.test(name)) delete env[name];
  const { status, error } = spawnSync("npm", ["test", "--", ...args], { cwd, env, stdio: "inherit" });
  if (error) throw error;
  return status === 0;
}

/** The last line is counted as vitest's own lines are (count-tests.mjs). */
function skip(major, reason) {
  console.log(`The tests on Node ${major} are skipped: ${reason}.`);
  console.log("      Tests  1 skipped (1)");
  return true;
}
