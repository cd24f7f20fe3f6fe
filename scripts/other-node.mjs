// What could differ on another Node than the one that runs `npm test`: what every store promises, the native
// binding, and `npm start`. Each Node comes from its npm package (tooling/other-nodes), and runs in a copy of
// this tree with an install of its own. Says why where it cannot.
//
//   node scripts/other-node.mjs [24 | 26]...     both when none is named
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyTree } from "./copy-tree.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const START = ["--filter=@thulp-sessions/consumer-tests", "--", "test/start-set.test.ts"];
/** What could differ: the native binding, what every store promises, and how a Node tells of files. */
const SQLITE = [
  "--filter=@thulp-sessions/store-sqlite",
  "--",
  ...["conformance", "native-binding", "driver", "open", "busy", "watch"].map(
    (name) => `test/${name}.test.ts`,
  ),
];
const FILES = [
  "--filter=@thulp-sessions/store-fs",
  "--",
  ...["test/conformance.test.ts", "test/disk/file-", "test/lock/lock.test.ts", "test/watch"],
];
const CLIENT = ["--filter=@thulp-sessions/client"];
/** For each version the arguments of `npm test`, one run after the other. */
const RUNS = {
  // The newest LTS.
  26: [SQLITE, FILES, CLIENT, START],
  // Its headers make bindings that abort: see scripts/object-wrap-without-hook.h. The install that `npm test`
  // begins with compiles one as `npm start` does.
  24: [SQLITE],
};

const majors = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(RUNS);
const unknown = majors.filter((major) => !Object.hasOwn(RUNS, major));
if (unknown.length > 0) {
  console.error(`Not ${unknown.join(", ")}: the tests run on Node ${Object.keys(RUNS).join(" and ")}.`);
  process.exit(2);
}
// Once, for every copy: JavaScript is the same for all of them. The `npm start` of START builds for itself.
const built = spawnSync(process.execPath, [join(root, "scripts", "bootstrap.mjs"), "build"], {
  stdio: "inherit",
});
if (built.status !== 0) process.exit(1);
// Beside each other: much of it is installing. Each tells when the ones before it have told all.
const runs = majors.map(testOn);
for (const { log, isPassed } of runs) {
  if (!(await isPassed)) process.exitCode = 1;
  process.stdout.write(log.join(""));
}

/** Starts them: what they print, and whether they pass. */
function testOn(major) {
  const log = [];
  return { log, isPassed: testInto(log, major) };
}

async function testInto(log, major) {
  const manifest = manifestOf(`node-${major}`);
  if (!manifest)
    return skip(
      log,
      major,
      `npm has no Node ${major} for ${process.platform}-${process.arch} that is known here`,
    );
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  if (version === process.versions.node) return skip(log, major, "it runs this script: npm test is for it");
  const folder = mkdtempSync(join(tmpdir(), `thulp-sessions-node-${major}-`));
  // Some tests run what is in it as another user.
  chmodSync(folder, 0o755);
  try {
    copyTree(root, folder, { isBuilt: true });
    log.push(`npm test on Node ${version}, in ${folder}\n`);
    for (const args of RUNS[major]) if (!(await runTests(log, folder, dirname(manifest), args))) return false;
    return true;
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

async function runTests(log, cwd, nodeFolder, args) {
  const env = { ...process.env, PATH: [join(nodeFolder, "bin"), process.env.PATH].join(delimiter) };
  // What a script of npm or pnpm has been told is about the Node that runs it.
  for (const name of Object.keys(env))
    if (/^(npm_|pnpm_|PNPM_SCRIPT|INIT_CWD$|NODE$|BOOTSTRAP_NODE$)/.test(name)) delete env[name];
  const child = spawn("npm", ["test", "--", "--only", ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => log.push(text));
  const [status] = await once(child, "close");
  return status === 0;
}

/** The last line is counted as vitest's own lines are (count-tests.mjs). */
function skip(log, major, reason) {
  log.push(`The tests on Node ${major} are skipped: ${reason}.\n`, "      Tests  1 skipped (1)\n");
  return true;
}
