import { appendFileSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLAUDE, claudeLine, FILES, machineWith, ROLLOUT, SESSION, THREAD } from "./agent-machine.ts";
import { cli, ok, start, until } from "./harness.ts";

const STORE = ["--store", "transcripts:"];

/** Such a machine, with its cache in that home on every system. */
function machine(files = FILES): ReturnType<typeof machineWith> {
  const { env, home, ...rest } = machineWith(files);
  return { ...rest, home, env: { ...env, LOCALAPPDATA: home } };
}

describe("--store transcripts:", () => {
  it("is read by every command that reads, without importing", () => {
    const at = machine();
    const { items } = JSON.parse(ok(at, "list", "--json", ...STORE));
    expect(items).toHaveLength(3);
    expect(ok(at, "list", "--store", "transcripts:codex")).toContain("Weave the cloth");
    expect(ok(at, "list", "--store", "transcripts:codex")).not.toContain("cogs");
    expect(ok(at, "show", SESSION.slice(0, 8), "--full", ...STORE)).toContain("and the wheels");
    expect(ok(at, "tail", SESSION.slice(0, 8), "-n", "1", "--full", ...STORE)).toContain("and the wheels");
    expect(ok(at, "search", "teeth", ...STORE)).toContain("teeth");
    expect(ok(at, "tree", SESSION, ...STORE)).toContain("Look for teeth");
    expect(ok(at, "stats", ...STORE)).toContain("3 sessions");
    expect(ok(at, "info", ...STORE)).toContain("may only be read");
    expect(ok(at, "check", ...STORE)).toBe("3 sessions looked at, nothing is wrong");
    expect(ok(at, "export", SESSION, "--as", "claude-code", ...STORE)).toBe(
      FILES[`${CLAUDE}.jsonl`]?.trimEnd(),
    );
    expect(ok(at, "export", SESSION, "--format", "markdown", ...STORE)).toContain("Count the cogs");
    expect(existsSync(join(at.cwd, ".thulp"))).toBe(false);
    // The files are as they were.
    for (const [path, text] of Object.entries(FILES))
      expect(readFileSync(join(at.home, path), "utf8")).toBe(text);
  });

  it("is copied into a store, and what is new of it the next time", () => {
    const at = machine();
    expect(ok(at, "copy", "transcripts:claude-code", "sqlite:x.db")).toContain("2 copied");
    expect(ok(at, "list", "--store", "sqlite:x.db")).toContain("Count the cogs");
    appendFileSync(join(at.home, `${CLAUDE}.jsonl`), claudeLine("u4", "and oil them"));
    expect(ok(at, "copy", "transcripts:claude-code", "sqlite:x.db", "--on-conflict", "newer")).toContain(
      "1 replaced",
    );
    expect(ok(at, "search", "oil", "--store", "sqlite:x.db")).toContain(SESSION.slice(0, 8));
  });

  it("refuses what writes, and says what takes it into a store", () => {
    const at = machine();
    writeFileSync(join(at.cwd, "s.json"), ok(at, "export", SESSION, ...STORE).replaceAll(SESSION, THREAD));
    for (const args of [
      ["create", "x"],
      ["append", SESSION, "x"],
      ["delete", SESSION, "--yes"],
      ["import", "s.json"],
      ["copy", "fs:empty", "transcripts:claude-code"],
    ]) {
      if (args[0] === "copy") ok(at, "create", "x", "--store", "fs:empty");
      const { code, stdout, stderr } = cli(at, ...args, "--store", "transcripts:claude-code");
      expect(code, args[0]).not.toBe(0);
      expect(stdout + stderr, args[0]).toContain("import --from claude-code takes them into a store");
    }
  });

  it("says where it has looked on a machine without agents, and which agents there are", () => {
    const at = machine({});
    const { code, stderr } = cli(at, "list", ...STORE);
    expect(code).toBe(0);
    expect(stderr).toContain(`Claude Code (${join(at.home, ".claude", "projects")})`);
    const wrong = cli(at, "list", "--store", "transcripts:claud");
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("some of claude-code, codex") });
  });

  it.skipIf(process.platform === "win32")("says what cannot be read, and check counts it as wrong", () => {
    const at = machine();
    rmSync(join(at.home, ROLLOUT));
    symlinkSync("/nowhere", join(at.home, ROLLOUT));
    const listed = cli(at, "list", ...STORE);
    expect(listed.stdout).toContain("Count the cogs");
    expect(listed.stderr).toContain(ROLLOUT);
    const checked = cli(at, "check", ...STORE);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain(ROLLOUT);
    expect(checked.stdout).toContain("2 sessions looked at, 1 wrong");
  });

  it("is followed as an agent writes, by itself and through a server", async () => {
    const at = machine();
    const server = start(at, "serve", "--port", "0", ...STORE);
    await until(() => /127\.0\.0\.1:\d+/.test(server.told.stdout), "the server listens");
    const [address = ""] = /127\.0\.0\.1:\d+/.exec(server.told.stdout) ?? [];
    expect(server.told.stdout).toContain("transcripts: (3 sessions, read only)");
    const followers = [
      start(at, "tail", SESSION, "--follow", "--jsonl", ...STORE),
      start(at, "tail", SESSION, "--follow", "--jsonl", "--store", `http://${address}`),
    ];
    for (const { told } of followers)
      await until(() => told.stdout.includes("wheels"), "what is there is shown");
    appendFileSync(join(at.home, `${CLAUDE}.jsonl`), claudeLine("u4", "and oil them"));
    for (const { told } of followers)
      await until(() => told.stdout.includes("oil them"), "what is new is shown");
    for (const { child, ended } of [server, ...followers]) {
      child.kill("SIGINT");
      await ended;
    }
    expect(server.told.stderr).not.toContain("warn");
  });

  it("is completed by a shell, with the agents", () => {
    const at = machine();
    const complete = (...words: string[]) =>
      ok(at, "__complete", ...words)
        .split("\n")
        .map((each) => each.split("\t")[0]);
    expect(complete("--store", "")).toEqual(
      expect.arrayContaining(["sqlite:", "home:", "http://", "transcripts:"]),
    );
    expect(complete("list", "--store", "transcripts:c")).toEqual(
      ["claude-code", "codex", "copilot", "cline", "cursor"].map((name) => `transcripts:${name}`),
    );
    expect(complete("copy", "transcripts:claude")).toEqual(["transcripts:claude-code"]);
  });
});
