import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, NO_TERMINAL, ok, onTerminal, type RunOptions, start, tempFolder, until } from "./harness.ts";

const SESSION = "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b";
const THREAD = "019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071";
const CLAUDE = `.claude/projects/-home-ada/${SESSION}`;
const ROLLOUT = `.codex/sessions/2026/04/02/rollout-2026-04-02T11-59-59-${THREAD}.jsonl`;

const claudeLine = (uuid: string, content: string) =>
  `${JSON.stringify({ type: "user", uuid, timestamp: "2026-03-01T09:00:00Z", message: { role: "user", content } })}\n`;
const codexItem = {
  type: "message",
  role: "user",
  content: [{ type: "input_text", text: "Weave the cloth" }],
};

const FILES: Readonly<Record<string, string>> = {
  [`${CLAUDE}.jsonl`]: claudeLine("u1", "Count the cogs") + claudeLine("u2", "and the wheels"),
  [`${CLAUDE}/subagents/agent-7.jsonl`]: claudeLine("u3", "Look for teeth"),
  [`${CLAUDE}/subagents/agent-7.meta.json`]: '{"agentType":"general"}',
  [ROLLOUT]: `${JSON.stringify({ timestamp: "2026-04-02T10:00:00Z", type: "response_item", payload: codexItem })}\n`,
};

/** A home with histories in it, and an empty folder to work in. */
function machine(files = FILES): RunOptions & { readonly home: string } {
  const home = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  return { cwd: tempFolder(), env: { HOME: home, USERPROFILE: home }, home };
}

describe("import --from", () => {
  it("takes in the histories of an agent, and again adds what is new", () => {
    const at = machine();
    expect(ok(at, "import", "--from", "claude-code")).toBe(
      "2 files: 2 new\n3 entries added, 0 there already\n1 file beside them added\n348 B: 348 B in records",
    );
    expect(ok(at, "import", "--from", "claude-code")).toBe(
      "2 files: 2 unchanged\n0 entries added, 3 there already\n348 B: 348 B unchanged",
    );
    appendFileSync(join(at.home, `${CLAUDE}.jsonl`), '{"type":"never-seen"}\n{"torn');
    const grown = cli(at, "import", "--from", "claude-code", "--verbose");
    expect(grown).toMatchObject({
      code: 0,
      stderr: "kept like all others, but never seen before: claude-code never-seen (1)\n",
    });
    expect(grown.stdout).toContain(`grown       ${join(at.home, `${CLAUDE}.jsonl`)}: 1 added, 2 there`);
    expect(grown.stdout).toContain("22 B in records, 6 B in unfinished lines");
    expect(ok(at, "search", "cogs")).toContain(SESSION);
    expect(ok(at, "list", "--tag", "agent:claude-code", "--json")).toContain("Count the cogs");
  });

  it("finds all agents with auto, and says so before", () => {
    const at = machine();
    const asked = cli(at, "import", "--from", "auto");
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain("Found: Claude Code");
    expect(asked.stderr).toContain("Codex");
    expect(asked.stderr).toContain("--yes");
    expect(existsSync(join(at.cwd, ".thulp"))).toBe(false);
    expect(ok(at, "import", "--from", "auto", "--yes")).toContain("3 files: 3 new");
    expect(ok(at, "search", "weave")).toContain(THREAD);
  });

  it.skipIf(NO_TERMINAL)("asks on a terminal", () => {
    const at = machine();
    const { code, stdout } = onTerminal(at, { steps: [["[y/N]", "n\n"]] }, "import", "--from", "auto");
    expect(code).toBe(1);
    expect(stdout).toContain("Found: Claude Code");
    expect(existsSync(join(at.cwd, ".thulp"))).toBe(false);
  });

  it("does not put the histories of all projects into a git work tree without being told to", () => {
    const at = machine();
    mkdirSync(join(at.cwd, ".git"));
    const refused = cli(at, "import", "--from", "codex");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("git work tree") });
    expect(existsSync(join(at.cwd, ".thulp"))).toBe(false);
    // One file that was named is another matter.
    expect(ok(at, "import", "--from", "codex", join(at.home, ROLLOUT))).toContain("1 file: 1 new");
    expect(ok(at, "import", "--from", "codex", "--yes")).toContain("1 file: 1 unchanged");
  });

  it("goes to a server, which has to be said, too", async () => {
    const at = machine();
    const { told } = start(at, "serve", "--port", "0", "--store", "sqlite:there.db");
    await until(() => /127\.0\.0\.1:\d+/.test(told.stdout + told.stderr), "the server listens");
    const [address] = /127\.0\.0\.1:\d+/.exec(told.stdout + told.stderr) as RegExpExecArray;
    const store = ["--store", `http://${address}`];
    const asked = cli(at, "import", "--from", "auto", ...store);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining("would go to http") });
    // A line of 15 MiB goes there, too.
    const large = claudeLine("big", "x".repeat(15 * 1024 * 1024));
    appendFileSync(join(at.home, `${CLAUDE}.jsonl`), large);
    expect(ok(at, "import", "--from", "auto", "--yes", ...store)).toContain("3 files: 3 new");
    expect(ok(at, "import", "--from", "auto", "--yes", ...store)).toContain("3 files: 3 unchanged");
    expect(cli(at, "export", SESSION, "--as", "claude-code", ...store).stdout).toBe(
      FILES[`${CLAUDE}.jsonl`] + large,
    );
  });

  it("goes on where it was killed", async () => {
    const ids = Array.from({ length: 200 }, (_, i) => SESSION.slice(0, -3) + String(100 + i));
    const text = Array.from({ length: 50 }, (_, i) =>
      claudeLine(`u${i}`, "a line of some length ".repeat(20)),
    ).join("");
    const at = machine(Object.fromEntries(ids.map((id) => [`.claude/projects/p/${id}.jsonl`, text])));
    const { child, ended } = start(at, "import", "--from", "claude-code");
    const database = join(at.cwd, ".thulp", "sessions.db-wal");
    await until(() => existsSync(database) && statSync(database).size > text.length, "something was written");
    child.kill("SIGKILL");
    expect(await ended).toBeNull();
    const report = JSON.parse(ok(at, "import", "--from", "claude-code", "--json"));
    expect(report.files).toHaveLength(200);
    expect(ok(at, "check")).toContain("200 sessions looked at, nothing is wrong");
    for (const id of [ids[0], ids[199]] as string[])
      expect(cli(at, "export", id, "--as", "claude-code")).toMatchObject({ code: 0, stdout: text });
    expect(ok(at, "import", "--from", "claude-code")).toContain("200 files: 200 unchanged");
  });

  it("says what it would do, and makes no store for that", () => {
    const at = machine();
    expect(ok(at, "import", "--from", "codex", "--dry-run")).toContain(
      "dry run: nothing was written; 1 file: 1 new\n1 entry added",
    );
    expect(existsSync(join(at.cwd, ".thulp"))).toBe(false);
  });

  it("ends with 1 where a file could not be read, and imports the others", () => {
    const at = machine();
    const { code, stdout } = cli(at, "import", "--from", "codex", join(at.home, ROLLOUT), "nowhere.jsonl");
    expect(code).toBe(1);
    expect(stdout).toContain("failed      ");
    expect(stdout).toContain("2 files: 1 new, 1 failed");
    const json = JSON.parse(cli(at, "import", "--from", "codex", "nowhere.jsonl", "--json").stdout);
    expect(json).toMatchObject({ dryRun: false, files: [{ result: "failed", agent: "codex" }] });
  });

  it.each([
    [["--from", "pi"], 1, "No histories of pi"],
    [["--from", "auto", "x"], 2, "name the agent"],
    [["--from", "nobody"], 2, "Allowed choices"],
    [["--from", "pi", "--format", "json"], 2, "--format"],
    [["--dry-run", "x.json"], 2, "--dry-run goes with --from"],
    [[], 2, "Which files?"],
  ])("import %j is refused", (args, code, message) => {
    const at = machine();
    expect(cli(at, "import", ...args)).toMatchObject({ code, stderr: expect.stringContaining(message) });
    expect(existsSync(join(at.cwd, ".thulp"))).toBe(false);
  });
});

describe("follow", () => {
  it("takes in what is written, until it is ended", async () => {
    const at = machine();
    const { child, told, ended } = start(at, "follow", "--from", "claude-code");
    await until(() => told.stdout.includes("agent-7.jsonl: 1 added"), "what is there was taken in");
    const path = join(at.home, `${CLAUDE}.jsonl`);
    appendFileSync(path, claudeLine("u9", "a live line"));
    await until(() => told.stdout.includes(`grown       ${path}: 1 added, 2 there`), "the line was taken in");
    expect(told.stderr).toBe("following 1 agent; Ctrl-C ends it\n");
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(ok(at, "search", "live")).toContain(SESSION);
  });

  it("wants to know whose, and asks as import does", () => {
    const at = machine();
    expect(cli(at, "follow")).toMatchObject({ code: 2, stderr: expect.stringContaining("--from") });
    expect(cli(at, "follow", "--from", "auto")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--yes"),
    });
    expect(cli(at, "follow", "--from", "pi")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("No histories"),
    });
  });
});

describe("export --as", () => {
  it("gives the agent's own files back, with sub-agents and what lies beside them", () => {
    const at = machine();
    ok(at, "import", "--from", "auto", "--yes");
    expect(cli(at, "export", SESSION, "--as", "claude-code").stdout).toBe(FILES[`${CLAUDE}.jsonl`]);
    ok(at, "export", SESSION, "--as", "claude-code", "--output", "back");
    ok(at, "export", THREAD, "--as", "codex", "--output", "codex");
    for (const [path, text] of Object.entries(FILES)) {
      const [folder, root] = path.startsWith(".codex") ? ["codex", ".codex/"] : ["back", ".claude/"];
      expect(readFileSync(join(at.cwd, folder, path.slice(root.length)), "utf8")).toBe(text);
    }
    expect(cli(at, "export", SESSION, "--as", "claude-code", "--output", "back")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--force"),
    });
    ok(at, "export", SESSION, "--as", "claude-code", "--output", "back", "--force");
  });

  it("gives bytes that are no text", () => {
    const at = machine({ [ROLLOUT]: "" });
    const bytes = Buffer.from([0xff, 0xfe, 0x0a, 0xc3]);
    writeFileSync(join(at.home, ROLLOUT), bytes);
    ok(at, "import", "--from", "codex");
    ok(at, "export", THREAD, "--as", "codex", "--output", "back");
    expect(readFileSync(join(at.cwd, "back", ROLLOUT.slice(".codex/".length)))).toEqual(bytes);
  });

  it("says where it is not what was imported, and what is no agent's", () => {
    const at = machine();
    ok(at, "import", "--from", "claude-code");
    ok(at, "rewind", SESSION, "1", "--yes");
    const cut = cli(at, "export", SESSION, "--as", "claude-code");
    expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining("Not the bytes") });
    expect(cli(at, "export", SESSION, "--as", "codex")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("imported from claude-code"),
    });
    const id = ok(at, "create", "Mine");
    expect(cli(at, "export", id, "--as", "codex")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("was not imported"),
    });
  });
});
