import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { command, SERVER, serving } from "./command-process.ts";
import { tempFolder, until } from "./harness.ts";

describe("what it says", () => {
  const hostile = "x\u001b]0;title\u0007\u009b31m\u202e\u200b";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal obeys or hides is looked for.
  const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202e]/;

  it("shows what a terminal would obey: of a configuration, a path, the log", async () => {
    const cwd = tempFolder();
    const config = join(cwd, "thulp-sessions.config.json");
    writeFileSync(config, JSON.stringify({ store: `mysql:${hostile}` }));
    const refused = await command([], { cwd }).exited;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("<U+009B>31m<U+202E><U+200B>");
    expect(refused.stderr).not.toMatch(obeyed);
    writeFileSync(config, JSON.stringify({ store: `fs:${hostile}` }));
    const { child, told, exited } = await serving([], { cwd });
    child.kill("SIGINT");
    await exited;
    expect(told.stdout).toContain("␛]0;title␇");
    expect(told.stdout + told.stderr).not.toMatch(obeyed);
    const [line = ""] = told.stderr.split("\n");
    expect(JSON.parse(line).store).toContain(hostile);
  });

  it.skipIf(!existsSync("/dev/full"))("is no reason to stop when it cannot be written", async () => {
    const full = () => openSync("/dev/full", "w");
    for (const stdio of [["ignore", full(), "pipe"] as const, ["ignore", "pipe", full()] as const]) {
      const args = [SERVER, "--port", "0", "--store", "memory:"];
      const child = spawn(process.execPath, args, { cwd: tempFolder(), stdio: [...stdio] });
      onTestFinished(() => void child.kill("SIGKILL"));
      let said = "";
      const [out] = [child.stdout ?? child.stderr];
      out?.on("data", (chunk) => {
        said += chunk;
      });
      const ended = once(child, "exit");
      await until(() => /127\.0\.0\.1:\d+/.test(said), "it serves");
      const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
      expect((await fetch(`${url}/health`)).status).toBe(200);
      child.kill("SIGTERM");
      // The banner that was not written is told in the end; a log that was not, to nobody.
      expect(await ended).toEqual([child.stdout ? 0 : 1, null]);
    }
    const help = spawnSync(process.execPath, [SERVER, "--help"], { stdio: ["ignore", full(), "pipe"] });
    expect(help.status).toBe(1);
    expect(String(help.stderr)).toMatch(/^thulp-sessions: The output cannot be written: ENOSPC[^\n]*\n$/);
  });
});
