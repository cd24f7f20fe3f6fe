import { spawnSync } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { MAIN, ok, tempFolder } from "./harness.ts";

const A = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const FULL = "/dev/full";
const missing = existsSync(FULL) ? null : `no ${FULL} here`;

it.skipIf(missing)(
  `an output that cannot be written is one line, and exit code 1${missing ? ` (skipped: ${missing})` : ""}`,
  () => {
    const cwd = tempFolder();
    const env = { THULP_SESSIONS_STORE: "fs:s" };
    ok({ cwd, env }, "create", "a", "--id", A);
    ok({ cwd, env, input: "x".repeat(200_000) }, "append", A);
    for (const args of [
      [],
      ["--help"],
      ["--version"],
      ["list", "--help"],
      ["list"],
      ["list", "--json"],
      ["show", A],
      ["show", A, "--jsonl"],
      ["export", A],
      ["stats"],
      ["completion", "bash"],
    ]) {
      const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
        cwd,
        env: { ...env, PATH: process.env["PATH"] },
        stdio: ["ignore", openSync(FULL, "w"), "pipe"],
        encoding: "utf8",
      });
      expect(stderr, args.join(" ")).toMatch(
        /^thulp-sessions: The output cannot be written: ENOSPC[^\n]*\n$/,
      );
      expect(status, args.join(" ")).toBe(1);
    }
    // Of messages that nobody can read nothing is said; what was done was done.
    const { status } = spawnSync(process.execPath, [MAIN, "show", "x"], {
      cwd,
      env,
      stdio: ["ignore", "ignore", openSync(FULL, "w")],
    });
    expect(status).toBe(2);
    expect(existsSync(join(cwd, "s", `${A}.json`))).toBe(true);
  },
);
