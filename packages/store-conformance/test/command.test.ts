import { spawnSync } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const MAIN = join(import.meta.dirname, "..", "dist", "command", "main.js");
const FULL = "/dev/full";
const missing = existsSync(FULL) ? null : `no ${FULL} here`;

it.skipIf(missing)(
  `an output that cannot be written is one line, and exit code 1${missing ? ` (skipped: ${missing})` : ""}`,
  () => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, "--help"], {
      stdio: ["ignore", openSync(FULL, "w"), "pipe"],
      encoding: "utf8",
    });
    expect(stderr).toMatch(/^store-conformance: The output cannot be written: ENOSPC[^\n]*\n$/);
    expect(status).toBe(1);
  },
);
