import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MISSING } from "./place.ts";

const KEEPER = fileURLToPath(
  new URL("src/keep-server.mjs", import.meta.resolve("@thulp-sessions/testing-postgres/package.json")),
);
/** Starts a server as tests do, says where, and waits. */
const PROGRAM = `
  const { spawn } = require("node:child_process");
  const keeper = spawn(process.execPath, [process.argv[1]], { stdio: ["pipe", "inherit", "inherit"], detached: true });
  keeper.stdin.write("");`;

test.skipIf(MISSING !== null)("the server of tests is gone when they are killed", async () => {
  const program = spawn(process.execPath, ["-e", PROGRAM, KEEPER], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: program.stdout }), "line");
  const { folder } = JSON.parse(line);
  expect(existsSync(`${folder}/.s.PGSQL.5432`)).toBe(true);
  program.kill("SIGKILL");
  await expect.poll(() => existsSync(folder), { timeout: 30_000 }).toBe(false);
});
