// The long runs of tests that have a short one in `npm test`: ten minutes of generated histories, inputs of
// the largest size for every procedure, 4,000 kills of writers to files and SQLite, SQLite in both
// durabilities and with more appends of eight processes, a quarter of an hour of store-postgres (the suite in
// every mode, storms of lost answers, a database that is killed twenty times), two API servers over it with
// 80,000 appends, where servers, the database and connections are killed and a standby takes over, all of the
// suite over shards of PostgreSQL, generated threads of LangGraph compared with its own saver, and writers
// that are killed. SEED=NUMBER makes the calls of a history again.
//
//   npm run soak
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const RUNS = [
  ["--filter=@thulp-sessions/history-tests"],
  ["--filter=@thulp-sessions/api", "--", "test/costly-input.test.ts", "test/remote-"],
  ["--filter=@thulp-sessions/store-fs", "--", "test/session/crash.test.ts"],
  [
    "--filter=@thulp-sessions/store-sqlite",
    "--",
    ...["crash", "processes", "conformance"].map((name) => `test/${name}.test.ts`),
  ],
  ["--filter=@thulp-sessions/store-postgres"],
  ["--filter=@thulp-sessions/document-tests", "--", "test/postgres-chaos.test.ts", "test/conformance"],
  ["--filter=@thulp-sessions/sharded-tests"],
  ["--filter=@thulp-sessions/langgraph-tests"],
  ["--filter=@thulp-sessions/ai-sdk-tests"],
  ["--filter=@thulp-sessions/openai-agents-tests"],
  ["--filter=@thulp-sessions/claude-agent-sdk-tests"],
];

let failed = 0;
for (const args of RUNS) {
  const command = [join(root, "scripts/bootstrap.mjs"), "test", "--force", ...args];
  const { status } = spawnSync(process.execPath, command, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, SOAK: "1" },
  });
  if (status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
