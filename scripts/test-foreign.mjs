// Runs what needs packages that are under no free licence, and so are in no lockfile of ours: each is
// installed into a temporary folder that is gone afterwards, without what it brings for running its own
// programs.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The packages, and the tests that import them from the folder in `THULP_FOREIGN`. */
const RUNS = [
  { packages: ["@anthropic-ai/claude-agent-sdk@0.3.332"], tests: "tests/claude-agent-sdk-tests" },
];

let failed = 0;
for (const { packages, tests } of RUNS) {
  const folder = mkdtempSync(join(tmpdir(), "thulp-foreign-"));
  try {
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const install = ["install", "--no-audit", "--no-fund", "--omit=optional", "--omit=peer", ...packages];
    // Where npm is a batch file, only a shell finds it.
    const isInstalled = run("npm", install, { cwd: folder, shell: process.platform === "win32" });
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    const args = [vitest, "run", "--config", "vitest.foreign.config.ts"];
    const env = { ...process.env, THULP_FOREIGN: folder };
    const isGreen = isInstalled && run(process.execPath, args, { cwd: join(root, tests), env });
    if (!isGreen) failed++;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
process.exitCode = failed === 0 ? 0 : 1;

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (error) throw error;
  return status === 0;
}
