// Longer than most files: the commands that read and write what other agents keep.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  CLAUDE,
  claudeLine,
  FILES,
  type HomeFiles,
  machineWith,
  ROLLOUT,
  SESSION,
  THREAD,
} from "./agent-machine.ts";
import { cli, NO_TERMINAL, ok, onTerminal, start, until } from "./harness.ts";

const STORE = "sqlite:.thulp/sessions.db";
const WITH_FACTS: HomeFiles = {
  ...FILES,
  [`${CLAUDE}/subagents/agent-7.meta.json`]: '{"agentType":"general"}',
};

/** Such a machine, with the store in the folder that is worked in. */
function machine(files = WITH_FACTS): ReturnType<typeof machineWith> {
  const { env, ...rest } = machineWith(files);
  return { ...rest, env: { ...env, THULP_SESSIONS_STORE: STORE } };
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

  it("goes into home: where nothing says which store", () => {
    const { cwd, home } = machine();
    const data = join(home, "data");
    const at = { cwd, env: { HOME: home, USERPROFILE: home, XDG_DATA_HOME: data, LOCALAPPDATA: data } };
    expect(cli(at, "import", "--from", "claude-code", "--dry-run").stderr).not.toContain("home:");
    expect(existsSync(data)).toBe(false);
    const done = cli(at, "import", "--from", "claude-code");
    expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining("list --store home:") });
    expect(ok(at, "list", "--store", "home:", "--count")).toBe("2");
    expect(existsSync(join(cwd, ".thulp"))).toBe(false);
    expect(
      cli(
        { ...at, input: JSON.stringify({ transcript_path: join(home, ROLLOUT) }) },
        "import",
        "--from",
        "codex",
        "--hook",
      ).code,
    ).toBe(0);
    expect(ok(at, "list", "--store", "home:", "--count")).toBe("3");
    // A store that was said goes before it.
    ok(at, "import", "--from", "claude-code", "--store", "fs:said");
    expect(ok(at, "list", "--store", "fs:said", "--count")).toBe("2");
  });

  it("goes into no store that is what agents have written", () => {
    const at = machine();
    for (const command of ["import", "follow"])
      expect(cli(at, command, "--from", "claude-code", "--store", "transcripts:")).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("Say by --store where it shall go"),
      });
  });

  it("takes those of one project with --project, also into a store in a git work tree", () => {
    const at = machine({});
    const of = (cwd: string | undefined, id: string) => {
      const line = { type: "user", uuid: id, cwd, message: { role: "user", content: `in ${cwd}` } };
      const path = join(at.home, `.claude/projects/p/${id}.jsonl`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `{"type":"mode"}\n${JSON.stringify(line)}\n`);
    };
    const project = realpathSync(at.cwd);
    mkdirSync(join(project, ".git"));
    const cwds = [project, join(project, "within"), `${project}-not`, dirname(project), undefined];
    cwds.forEach((cwd, i) => void of(cwd, `3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5${i}`));
    const here = { cwd: at.cwd, env: { HOME: at.home, USERPROFILE: at.home } };
    expect(cli(here, "import", "--from", "claude-code", "--store", STORE).code).toBe(2);
    expect(ok(here, "import", "--from", "claude-code", "--project")).toMatch(/^5 files: 2 new, 3 skipped\n/);
    expect(ok(here, "list", "--json")).toContain(JSON.stringify(`project:${join(project, "within")}`));
    expect(ok(here, "list", "--count")).toBe("2");
    const told = ok(
      here,
      "import",
      "--from",
      "claude-code",
      "--project",
      "within",
      "--verbose",
      "--store",
      "fs:one",
    );
    expect(told).toContain(`it is of ${project}\n`);
    expect(told).toContain("it does not say of which project it is");
    expect(ok(here, "list", "--count", "--store", "fs:one")).toBe("1");
  });

  it("finds all agents with auto, and says so before", () => {
    const at = machine();
    const asked = cli(at, "import", "--from", "auto");
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain("Found: Claude Code");
    expect(asked.stderr).toContain("Codex");
    expect(asked.stderr).toContain("--yes");
    expect(existsSync(join(at.cwd, ".thulp"))).toBe(false);
    const told = cli(at, "import", "--from", "auto", "--yes");
    expect(told.stderr).toMatch(/^Found: Claude Code \(.*\), Codex \(.*\)$/m);
    expect(told.stdout).toContain("3 files: 3 new");
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
    [["--from", "messages"], 2, "Where do they lie?"],
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

describe("import --hook", () => {
  const log = (at: { readonly home: string }) =>
    existsSync(join(at.home, "state/thulp-sessions/hook.log"))
      ? readFileSync(join(at.home, "state/thulp-sessions/hook.log"), "utf8")
      : "";
  const hooked = (input: unknown) => {
    const at = machine();
    const env = { ...at.env, XDG_STATE_HOME: join(at.home, "state"), LOCALAPPDATA: join(at.home, "state") };
    return { ...at, env, input: typeof input === "string" ? input : JSON.stringify(input) };
  };
  const NOTHING = { code: 0, stdout: "", stderr: "" };

  it("takes in the transcript that it is told of, and says nothing", () => {
    const at = hooked({});
    const input = JSON.stringify({
      session_id: SESSION,
      transcript_path: join(at.home, `${CLAUDE}.jsonl`),
      agent_transcript_path: join(at.home, `${CLAUDE}/subagents/agent-7.jsonl`),
      hook_event_name: "PreCompact",
    });
    expect(cli({ ...at, input }, "import", "--from", "claude-code", "--hook")).toEqual(NOTHING);
    expect(ok(at, "list", "--tag", "agent:claude-code", "--json")).toContain("Look for teeth");
    expect(cli(at, "export", SESSION, "--as", "claude-code").stdout).toBe(FILES[`${CLAUDE}.jsonl`]);
    expect(log(at)).toBe("");
  });

  it("misses no transcript of a sub-agent that keeps none, such as that of a compaction", () => {
    const at = hooked({});
    const input = JSON.stringify({
      transcript_path: join(at.home, `${CLAUDE}.jsonl`),
      agent_transcript_path: join(at.home, `${CLAUDE}/subagents/agent-none.jsonl`),
    });
    expect(cli({ ...at, input }, "import", "--from", "claude-code", "--hook")).toEqual(NOTHING);
    expect(ok(at, "list", "--tag", "agent:claude-code", "--json")).toContain("Count the cogs");
    expect(log(at)).toBe("");
  });

  it("takes in what is new of all where it is told of none", () => {
    const at = hooked({ session_id: SESSION, transcript_path: null });
    expect(cli(at, "import", "--from", "codex", "--hook")).toEqual(NOTHING);
    expect(ok(at, "search", "weave")).toContain(THREAD);
  });

  it.each([
    ["no JSON", "{", [], "no JSON"],
    ["no object", "[]", ["--from", "pi", "--store", "nowhere:"], "nowhere"],
    [
      "a file that is not there",
      { transcript_path: "/no/such.jsonl" },
      [],
      "/no/such.jsonl: it is not there",
    ],
    ["no agent", {}, ["--from", "auto"], "wants to know whose"],
  ])("ends with 0 also where it is told %s, which stands in the log", (_, input, args, message) => {
    const at = hooked(input);
    const from = args.length > 0 ? args : ["--from", "claude-code"];
    expect(cli(at, "import", "--hook", ...from)).toEqual(NOTHING);
    expect(log(at)).toContain(message);
  });

  it("ends with 0 also where its own options are wrong", () => {
    expect(cli(hooked({}), "import", "--hook", "--from", "nobody").code).toBe(0);
  });

  it("does not wait for ever", async () => {
    const at = hooked("");
    const { ended, told } = start(at, "import", "--from", "claude-code", "--hook");
    const began = performance.now();
    expect(await ended).toBe(0);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(told).toEqual({ stdout: "", stderr: "" });
    expect(log(at)).toContain("given up after");
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

  it("gives a file that is one JSON text back", () => {
    const talk = [
      { role: "user", content: "Plane the board" },
      { role: "assistant", content: "Planed." },
    ];
    const text = `${JSON.stringify({ id: "talk-1", messages: talk }, null, 2)}\n`;
    const at = machine({ "talk.json": text });
    const take = () => ok(at, "import", "--from", "messages", join(at.home, "talk.json"), "--json");
    const [{ sessionId }] = JSON.parse(take()).files;
    expect(cli(at, "export", sessionId, "--as", "messages").stdout).toBe(text);
    expect(JSON.parse(take()).files).toMatchObject([{ result: "unchanged", sessionId }]);
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
