import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, ok, preparedFolder, type RunOptions, start, tempFolder, until } from "./harness.ts";

// Longer than most files: what moves whole sessions is tried on the same workspace, command by command.

const A = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const B = "0190a3c5-8000-7c3a-9d4f-2a6b8c0d1e30";
const CORPUS = join(
  import.meta.dirname,
  "../../../packages/store-fs/test/fixtures/thulp-corpus/accepted/written",
);

const env = { THULP_SESSIONS_STORE: "fs:s" };
const twoSessions = preparedFolder((cwd) => {
  const at: RunOptions = { cwd, env };
  ok(at, "create", "One ``` fence", "--id", A, "--tag", "ci", "--context", 'k={"a":1}');
  ok(at, "append", A, "Hello\n# not a heading of ours");
  ok(at, "append", A, "--tool", "t", "--content", '{"text":"```"}');
  ok(at, "create", "Two", "--id", B);
});

function workspace(): RunOptions {
  return { cwd: twoSessions(), env };
}

describe("copy", () => {
  it("takes the original's files to sqlite and back; twice changes nothing", () => {
    const at: RunOptions = { cwd: tempFolder() };
    cpSync(CORPUS, join(at.cwd, "s"), { recursive: true });
    const first = cli(at, "copy", "fs:s", "sqlite:x.db", "--json");
    expect(first.code).toBe(1);
    const report = JSON.parse(first.stdout);
    expect(report).toMatchObject({ copied: 65, equal: 0, conflicts: [], refused: [] });
    expect(report.inexact).toHaveLength(1);
    expect(report.unreadable).toHaveLength(4);
    expect(cli(at, "copy", "fs:s", "sqlite:x.db").stdout).toMatch(
      /^0 copied, 65 equal, 1 would be rounded, 4 unreadable\n/,
    );
    expect(ok(at, "copy", "sqlite:x.db", "fs:back")).toBe("65 copied, 0 equal");
    expect(ok(at, "copy", "fs:back", "sqlite:x.db")).toBe("0 copied, 65 equal");
    expect(
      JSON.parse(cli(at, "copy", "fs:s", "sqlite:x.db", "--allow-lossy", "--json").stdout),
    ).toMatchObject({ copied: 1, equal: 65 });
  });

  it("leaves conflicts alone unless it is told what to do with them", () => {
    const at = workspace();
    ok(at, "copy", "fs:s", "fs:t");
    ok(at, "rename", A, "Newer");
    const left = cli(at, "copy", "fs:s", "fs:t");
    expect(left).toMatchObject({ code: 1, stdout: expect.stringContaining(`conflict    ${A}`) });
    expect(ok(at, "copy", "fs:s", "fs:t", "--on-conflict", "skip")).toBe("0 copied, 1 equal\n1 skipped");
    expect(ok(at, "show", A, "--store", "fs:t")).toContain("One ``` fence");
    expect(ok(at, "copy", "fs:s", "fs:t", "--on-conflict", "newer")).toBe("0 copied, 1 equal, 1 replaced");
    expect(ok(at, "show", A, "--store", "fs:t")).toContain("Newer");
  });

  it("copies what matches, and refuses to copy a store to itself or from nowhere", () => {
    const at = workspace();
    expect(ok(at, "copy", "fs:s", "fs:t", "--tag", "ci")).toBe("1 copied, 0 equal");
    expect(cli(at, "copy", "fs:s", "fs:./s").code).toBe(2);
    expect(cli(at, "copy", "fs:none", "fs:t")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no store"),
    });
    expect(existsSync(join(at.cwd, "none"))).toBe(false);
  });

  /** Sessions of three entries in fs:s, the first of them too large for one step. */
  function manySessions(count: number): RunOptions {
    const at: RunOptions = { cwd: tempFolder() };
    const lines: string[] = [];
    const entry = {
      type: "entry",
      timestamp: 1,
      entryType: { type: "user_message" },
      content: "x".repeat(2000),
    };
    for (let s = 0; s < count; s++) {
      const id = `00000000-0000-4000-8000-${String(s).padStart(12, "0")}`;
      const metadata = {
        id,
        name: `${s}`,
        sessionType: { type: "agent", agentName: "a" },
        createdAt: s,
        updatedAt: s,
        status: "active",
        tags: [],
        parentSession: null,
      };
      lines.push(JSON.stringify({ type: "session", metadata, context: {} }));
      for (let e = 0; e < (s === 0 ? 4000 : 3); e++)
        lines.push(
          JSON.stringify({ ...entry, id: `00000000-0000-4000-9000-${String(e).padStart(12, "0")}` }),
        );
    }
    writeFileSync(join(at.cwd, "all.jsonl"), lines.join("\n"));
    ok(at, "import", "all.jsonl", "--store", "fs:s", "--durability", "relaxed");
    return at;
  }

  it("killed at any moment and run again it is complete", async () => {
    const at = manySessions(300);
    let kills = 0;
    for (let i = 0; i < 10; i++) {
      const { child, ended } = start(at, "copy", "fs:s", "sqlite:x.db");
      const timer = setTimeout(() => child.kill("SIGKILL"), 200 + Math.random() * 600);
      if ((await ended) === null) kills++;
      clearTimeout(timer);
    }
    expect(kills).toBeGreaterThan(0);
    const { copied, equal, conflicts } = JSON.parse(ok(at, "copy", "fs:s", "sqlite:x.db", "--json"));
    expect({ sum: copied + equal, conflicts }).toEqual({ sum: 300, conflicts: [] });
    expect(ok(at, "copy", "fs:s", "sqlite:x.db")).toBe("0 copied, 300 equal");
    expect(ok(at, "copy", "sqlite:x.db", "fs:back")).toBe("300 copied, 0 equal");
    expect(ok(at, "check", "--store", "sqlite:x.db")).toContain("nothing is wrong");
  });

  it("ends in good order at Ctrl-C, and goes on when it is run again", async () => {
    const at = manySessions(1500);
    const { child, told, ended } = start(at, "copy", "fs:s", "sqlite:x.db");
    const log = join(at.cwd, "x.db-wal");
    await until(() => (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 500_000, "it copies");
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(told).toMatchObject({
      stdout: "",
      stderr: expect.stringMatching(/^thulp-sessions: Interrupted after \d+ sessions?\. Run it again/),
    });
    // Closed as it should be: nothing is left of the log.
    expect(existsSync(log)).toBe(false);
    const there = Number(ok(at, "list", "--count", "--store", "sqlite:x.db"));
    expect(there).toBeLessThan(1500);
    const { copied, equal } = JSON.parse(ok(at, "copy", "fs:s", "sqlite:x.db", "--json"));
    expect(copied + equal).toBe(1500);
    expect(equal).toBeGreaterThanOrEqual(there - 1);
  });

  it("of a session larger than the memory there is goes through in parts", () => {
    const at: RunOptions = { cwd: tempFolder() };
    const id = "00000000-0000-4000-8000-000000000000";
    ok(at, "create", "large", "--id", id, "--store", "fs:s");
    const lines = Array.from({ length: 8_000 }, (_, i) =>
      JSON.stringify({ entryType: { type: "user_message" }, content: `${i}`.padEnd(10_000, "x") }),
    );
    writeFileSync(join(at.cwd, "entries.jsonl"), lines.join("\n"));
    ok(at, "append", id, "--jsonl", "entries.jsonl", "--store", "fs:s");
    expect(statSync(join(at.cwd, "s", `${id}.json`)).size).toBeGreaterThan(80_000_000);
    // In megabytes. Less than that Node 24 does not start to collect in time, whatever there is to hold.
    const little: RunOptions = { ...at, env: { NODE_OPTIONS: "--max-old-space-size=60" } };
    expect(ok(little, "copy", "fs:s", "sqlite:x.db")).toBe("1 copied, 0 equal");
    expect(ok(little, "copy", "sqlite:x.db", "fs:t")).toBe("1 copied, 0 equal");
    expect(ok(little, "copy", "fs:t", "sqlite:x.db")).toBe("0 copied, 1 equal");
    // By way of files, and in a list, of which nothing is parsed as a whole.
    for (const format of ["json", "jsonl"])
      ok(little, "export", id, "--format", format, "-o", `out.${format}`, "--store", "sqlite:x.db");
    expect(ok(little, "import", "out.json", "--store", "fs:json")).toBe("1 copied, 0 equal");
    expect(ok(little, "import", "out.jsonl", "--store", "fs:json")).toBe("0 copied, 1 equal");
    writeFileSync(join(at.cwd, "list.json"), "[");
    appendFileSync(join(at.cwd, "list.json"), readFileSync(join(at.cwd, "out.json")));
    appendFileSync(join(at.cwd, "list.json"), "]");
    expect(ok(little, "import", "list.json", "--store", "fs:json")).toBe("0 copied, 1 equal");
    // What JSON.stringify makes of it is one line.
    const compact = JSON.stringify(JSON.parse(readFileSync(join(at.cwd, "out.json"), "utf8")));
    writeFileSync(join(at.cwd, "compact.json"), compact);
    expect(ok(little, "import", "compact.json", "--store", "fs:json")).toBe("0 copied, 1 equal");
  }, 120_000);

  it("of what would be rounded passes the bytes on from files to files, and stops before anything else", () => {
    const at: RunOptions = { cwd: tempFolder() };
    cpSync(CORPUS, join(at.cwd, "s"), { recursive: true });
    expect(cli(at, "copy", "fs:s", "fs:t").stdout).toMatch(/^66 copied, 0 equal, 4 unreadable\n/);
    const [inexact] = JSON.parse(cli(at, "copy", "fs:s", "sqlite:x.db", "--json").stdout).inexact;
    const file = `${inexact.id}.json`;
    expect(readFileSync(join(at.cwd, "t", file))).toEqual(readFileSync(join(at.cwd, "s", file)));
    expect(cli(at, "copy", "fs:s", "fs:t").stdout).toMatch(/^0 copied, 66 equal, 4 unreadable\n/);
  });
});

describe("export and import", () => {
  it.each(["json", "jsonl"])("as %s lose nothing", (format) => {
    const at = workspace();
    ok(at, "export", A.slice(0, 12), "--format", format, "--output", "out");
    expect(statSync(join(at.cwd, "out")).mode & 0o777).toBe(0o600);
    expect(cli(at, "export", A, "--format", format, "--output", "out")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--force"),
    });
    ok(at, "export", A, "--format", format, "--output", "out", "--force");
    expect(ok(at, "import", "out", "--store", "sqlite:x.db")).toBe("1 copied, 0 equal");
    expect(ok(at, "import", "out", "--store", "sqlite:x.db")).toBe("0 copied, 1 equal");
    const session = (store: string) => {
      const { version: _, epoch: __, ...rest } = JSON.parse(ok(at, "show", A, "--json", "--store", store));
      return rest;
    };
    expect(session("sqlite:x.db")).toEqual(session("fs:s"));
    // Each file of store-fs that is made begins an epoch of its own.
    const withoutEpoch = (text: string) => text.replace(/"epoch": *"\d+"/, "").trimEnd();
    expect(withoutEpoch(ok(at, "export", A, "--format", format, "--store", "sqlite:x.db"))).toBe(
      withoutEpoch(readFileSync(join(at.cwd, "out"), "utf8")),
    );
  });

  it("with --force leaves what was there until the new one is complete", () => {
    const at = workspace();
    writeFileSync(join(at.cwd, "out"), "mine");
    const file = join(at.cwd, "s", `${A}.json`);
    writeFileSync(file, readFileSync(file, "utf8").replace('"user_message"', '"user_messag'));
    expect(cli(at, "export", A, "--format", "jsonl", "--output", "out", "--force").code).toBe(1);
    expect(readFileSync(join(at.cwd, "out"), "utf8")).toBe("mine");
    expect(readdirSync(at.cwd).sort()).toEqual(["out", "s"]);
  });

  it("several at once", () => {
    const at = workspace();
    ok(at, "export", A, B, "--output", join(at.cwd, "absolute"));
    expect(readdirSync(join(at.cwd, "absolute"))).toHaveLength(2);
    expect(cli(at, "export", A, B)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--output DIR"),
    });
    ok(at, "export", A, B, "--output", "folder");
    expect(ok(at, "copy", "fs:folder", "fs:s")).toBe("0 copied, 2 equal");
    const lines = ok(at, "export", A, B, "--format", "jsonl");
    expect(ok({ ...at, input: lines }, "import", "-", "--store", "fs:t")).toBe("2 copied, 0 equal");
  });

  it("Markdown is readable, and no content breaks out of its place", () => {
    const text = ok(workspace(), "export", A, "--format", "markdown");
    expect(text).toMatch(/^# One ``` fence\n/);
    expect(text).toContain("> Hello\n> # not a heading of ours");
    expect(text).toContain("````\n```\n````");
  });

  it("import says what is wrong, and where", () => {
    const at = workspace();
    const wrong = (input: string) => cli({ ...at, input }, "import", "-");
    expect(wrong("{")).toMatchObject({ code: 2, stderr: expect.stringContaining("no session") });
    expect(wrong("{}")).toMatchObject({ code: 2, stderr: expect.stringContaining('"metadata"') });
    expect(wrong('{"type":"session","metadata":{},"context":{}}\n')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("line 1"),
    });
    expect(wrong(`{"metadata":{"id":"${B.replace("8000", "8001")}"}}`).code).toBe(2);
    expect(cli(at, "import", "none.json")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot be read"),
    });
  });
});

describe("check and repair", () => {
  it("find a damaged session and recover what is whole", () => {
    const at = workspace();
    expect(ok(at, "check")).toBe("2 sessions looked at, nothing is wrong");
    const file = join(at.cwd, "s", `${A}.json`);
    writeFileSync(file, readFileSync(file, "utf8").replace('"user_message"', '"user_messag'));
    writeFileSync(join(at.cwd, "s", "notes.txt"), "mine");
    const found = cli(at, "check");
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/^damaged .*\nforeign .*notes\.txt.*\n2 sessions looked at, 1 wrong\n$/);
    expect(cli(at, "repair", A)).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
    expect(ok(at, "repair", A, "--yes")).toMatch(/recovered +1 entries/);
    expect(cli(at, "check").stdout).toMatch(/kept_bytes/);
    expect(cli(at, "check").code).toBe(0);
    expect(JSON.parse(ok(at, "show", A, "--json")).entryCount).toBe(1);
    expect(ok(at, "repair", A, "--yes")).toContain("is not damaged");
    expect(cli(at, "repair", A, "--yes", "--store", "sqlite:x.db")).toMatchObject({ code: 2 });
  });

  it("backup makes a new store that holds the same", () => {
    const at = workspace();
    expect(ok(at, "backup", "sqlite:b.db")).toBe("2 copied, 0 equal");
    expect(cli(at, "backup", "sqlite:b.db")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("already"),
    });
    expect(cli(at, "backup", "memory:").code).toBe(2);
    expect(ok(at, "check", "--store", "sqlite:b.db")).toContain("nothing is wrong");
    // A content that is no JSON any more.
    const file = join(at.cwd, "b.db");
    writeFileSync(file, readFileSync(file, "latin1").replace('{"text":', '!"text":'), "latin1");
    const found = cli(at, "check", "--store", "sqlite:b.db");
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/^damaged .*entries\[\d+\]\.content: .*\n2 sessions looked at, 1 wrong\n$/);
  });
});

describe("a database", () => {
  it("is backed up page by page, and checked", () => {
    const at: RunOptions = { ...workspace(), env: {} };
    ok(at, "copy", "fs:s", "sqlite:a.db");
    expect(ok(at, "backup", "sqlite:deep/er/b.db", "--store", "sqlite:a.db")).toMatch(
      /^2 sessions backed up to sqlite:.*b\.db, [\d.]+ KiB, and checked$/,
    );
    expect(ok(at, "copy", "sqlite:a.db", "sqlite:deep/er/b.db")).toBe("0 copied, 2 equal");
    expect(cli(at, "backup", "sqlite:a.db", "--store", "sqlite:a.db")).toMatchObject({ code: 1 });
    expect(cli(at, "backup", "sqlite:c.db", "--store", "sqlite:none.db")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no store"),
    });
    expect(existsSync(join(at.cwd, "c.db"))).toBe(false);
  });

  it("gives the space of what was deleted back", () => {
    const at: RunOptions = { ...workspace(), env: { THULP_SESSIONS_STORE: "sqlite:a.db" } };
    ok(at, "copy", "fs:s", "sqlite:a.db");
    const id = "0190a3c9-0000-7c3a-9d4f-2a6b8c0d1e2f";
    ok(at, "create", "large", "--id", id);
    ok({ ...at, input: "x".repeat(400_000) }, "append", id);
    ok(at, "delete", id, "--yes");
    const { bytesFreed } = JSON.parse(ok(at, "vacuum", "--json"));
    expect(bytesFreed).toBeGreaterThan(300_000);
    expect(ok(at, "vacuum")).toBe("0 B given back");
    expect(ok(at, "check")).toContain("nothing is wrong");
    expect(ok(at, "vacuum", "--store", "fs:s")).toBe("0 B given back");
    expect(cli(at, "vacuum", "--store", "http://127.0.0.1:1")).toMatchObject({ code: 2 });
    expect(cli(at, "vacuum", "--store", "sqlite:none.db")).toMatchObject({ code: 1 });
    expect(existsSync(join(at.cwd, "none.db"))).toBe(false);
  });

  it("that cannot be opened for its damage is checked all the same", () => {
    const at: RunOptions = { ...workspace(), env: {} };
    ok(at, "copy", "fs:s", "sqlite:a.db");
    const file = join(at.cwd, "a.db");
    writeFileSync(file, readFileSync(file).fill(0xa5, 100, 4096));
    const found = cli(at, "check", "--store", "sqlite:a.db");
    expect(found).toMatchObject({ code: 1, stderr: expect.stringContaining("recover TO") });
    expect(found.stdout).toMatch(/^damaged .*a\.db: .*\nno session can be looked at, 1 wrong\n$/);
  });

  it("that is damaged is told of, and recovered into a new one", () => {
    const at: RunOptions = { ...workspace(), env: { THULP_SESSIONS_STORE: "sqlite:a.db" } };
    ok(at, "copy", "fs:s", "sqlite:a.db");
    const file = join(at.cwd, "a.db");
    writeFileSync(file, readFileSync(file, "latin1").replace('{"text":', '!"text":'), "latin1");
    const damaged = readFileSync(file);
    expect(cli(at, "check")).toMatchObject({ code: 1, stderr: expect.stringContaining("recover TO") });
    expect(cli(at, "backup", "sqlite:b.db")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^damaged /),
      stderr: expect.stringContaining("recover TO"),
    });
    const recovered = cli(at, "recover", "sqlite:new.db");
    expect(recovered.code).toBe(1);
    expect(recovered.stdout).toMatch(
      /^problem .*\nproblem .*1 of its 2 entries.*\n2 sessions with 1 entry recovered into sqlite:.*new\.db\n$/,
    );
    expect(readFileSync(file)).toEqual(damaged);
    expect(ok(at, "check", "--store", "sqlite:new.db")).toContain("nothing is wrong");
    expect(cli(at, "recover", "sqlite:new.db")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("already"),
    });
    expect(cli(at, "recover", "fs:new").code).toBe(2);
  });

  it("is put back from its backup, with what was there kept, and not while it is open", async () => {
    const at: RunOptions = { ...workspace(), env: { THULP_SESSIONS_STORE: "sqlite:a.db" } };
    ok(at, "copy", "fs:s", "sqlite:a.db");
    ok(at, "backup", "sqlite:b.db");
    ok(at, "create", "one more");
    const restored = cli(at, "restore", "sqlite:b.db");
    expect(restored.stdout).toMatch(/^2 sessions restored from sqlite:.*b\.db, [\d.]+ KiB, and checked\n$/);
    const [, kept = ""] = /^What was there before is kept: (.*)$/m.exec(restored.stderr) ?? [];
    expect(ok(at, "list", "--count")).toBe("2");
    expect(ok(at, "list", "--count", "--store", `sqlite:${kept}`)).toBe("3");
    expect(
      JSON.parse(ok(at, "restore", "sqlite:b.db", "--store", "sqlite:new/c.db", "--json")),
    ).toMatchObject({
      sessions: 2,
      kept: null,
    });
    expect(cli(at, "restore", "fs:s").code).toBe(2);
    expect(cli(at, "restore", "sqlite:none.db")).toMatchObject({ code: 1 });
    const { openStore } = await import("@thulp-sessions/config");
    const open = await openStore("sqlite:a.db", { cwd: at.cwd });
    await open.count();
    expect(cli(at, "restore", "sqlite:b.db")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is open in a program"),
    });
    await open.close();
  });

  it("with something of others in it is told of by check, by name", () => {
    const at: RunOptions = { ...workspace(), env: { THULP_SESSIONS_STORE: "sqlite:a.db" } };
    ok(at, "copy", "fs:s", "sqlite:a.db");
    const file = join(at.cwd, "a.db");
    const bytes = readFileSync(file, "latin1");
    // As long as before: a change in place of a definition.
    const changed = bytes.replace(/(CREATE TABLE .?search_progress.*?CHECK\(id )= 1\)/s, "$1< 9)");
    expect(changed).not.toBe(bytes);
    writeFileSync(file, changed, "latin1");
    const found = cli(at, "check");
    expect(found).toMatchObject({ code: 1, stderr: expect.stringContaining("recover TO") });
    expect(found.stdout).toMatch(
      /^foreign_schema .*a\.db: .*table "search_progress", whose definition was changed.*\nno session can be looked at, 1 wrong\n$/,
    );
    expect(cli(at, "list")).toMatchObject({ code: 1, stderr: expect.stringContaining("search_progress") });
  });
});

describe("with a server", () => {
  it("every command works over its URL, and tail --follow outlives a restart", async () => {
    const at = workspace();
    const port = String(await freePort());
    const serve = async () => {
      const server = start(at, "serve", "--port", port);
      await until(() => server.told.stdout.includes("Ctrl-C"), "it serves");
      return server;
    };
    const first = await serve();
    const there = ["--store", `http://127.0.0.1:${port}`];
    expect(ok(at, "list", "--count", ...there)).toBe("2");
    expect(JSON.parse(ok(at, "info", "--json", ...there))).toMatchObject({
      server: { name: "thulp-sessions" },
      durability: "full",
    });
    const tail = start(at, "tail", A, "--follow", "--last", "1", "--jsonl", ...there);
    await until(() => tail.told.stdout.includes("```"), "the last entry is told");
    ok(at, "append", A, "one");
    await until(() => tail.told.stdout.includes('"one"'), "one is told");
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    ok(at, "append", A, "two");
    const second = await serve();
    await until(() => tail.told.stdout.includes('"two"'), "two is told");
    ok(at, "append", A, "three");
    await until(() => tail.told.stdout.includes('"three"'), "three is told");
    const told = tail.told.stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line));
    expect(told.map(({ type, entry }) => [type, entry.content.text])).toEqual([
      ["entry", "one"],
      ["entry", "two"],
      ["entry", "three"],
    ]);
    tail.child.kill("SIGINT");
    expect(await tail.ended).toBe(130);
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  });
});

it("tail --follow on a store of this machine goes on, and ends when the session is deleted", async () => {
  const at = workspace();
  const tail = start(at, "tail", A, "-f", "-n", "1", "--jsonl");
  await until(() => tail.told.stdout.includes("```"), "the last entry is told");
  ok(at, "append", A, "more");
  await until(() => tail.told.stdout.includes('"more"'), "the new one is told");
  ok(at, "rewind", A, "1", "--yes");
  await until(() => tail.told.stdout.includes('{"type":"rewound"'), "the rewind is told");
  ok(at, "delete", A, "--yes");
  expect(await tail.ended).toBe(0);
  expect(tail.told.stdout).toMatch(/\{"type":"deleted"\}\n$/);
});

it("a reader that goes away is no error", async () => {
  const at = workspace();
  ok({ ...at, input: "x".repeat(3_000_000) }, "append", A);
  const { child, ended, told } = start(at, "show", A, "--full");
  child.stdout.once("data", () => child.stdout.destroy());
  expect(await ended).toBe(0);
  expect(told.stderr).toBe("");
});

it("nobody who reads is no error for any command that prints", async () => {
  const at = workspace();
  const looking = [
    ...["list", "list --json", "list --jsonl", "stats", "info --json", "check", "--help", "list --help"],
    ...[`show ${A}`, `show ${A} --json`, `tail ${A}`, `tree ${A}`, `tag ${A}`, "prune --older-than 1d"],
    ...["search Hello", `export ${A}`, `export ${A} --format markdown`, "completion zsh", "copy fs:s fs:t"],
  ];
  const changing = [
    `complete ${B}`,
    `fork ${A}`,
    `append ${B} more`,
    `rewind ${B} 0 --yes`,
    `delete ${B} --yes`,
  ];
  const outcome = async (line: string) => {
    const { child, ended, told } = start(at, ...line.split(" "));
    child.stdin.end();
    child.stdout.destroy();
    return `${line}: ${await ended}${/EPIPE|Error/.exec(told.stderr) ?? ""}`;
  };
  // A few at a time: each is a process.
  for (let i = 0; i < looking.length; i += 4) {
    const lines = looking.slice(i, i + 4);
    expect(await Promise.all(lines.map(outcome))).toEqual(lines.map((line) => `${line}: 0`));
  }
  for (const line of changing) expect(await outcome(line)).toBe(`${line}: 0`);
}, 120_000);

it("completion knows commands, options, values and ids", () => {
  const at = workspace();
  const complete = (...words: string[]) =>
    ok(at, "__complete", ...words)
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("\t")[0]);
  expect(complete("co")).toEqual(["complete", "copy", "completion"]);
  expect(complete("list", "--stat")).toEqual(["--status"]);
  expect(complete("list", "--status", "c")).toEqual(["completed", "cancelled"]);
  expect(complete("list", "--dur")).toEqual(["--durability"]);
  expect(complete("show", "")).toEqual([B, A]);
  expect(complete("show", A.slice(0, 12))).toEqual([A]);
  expect(cli(at, "__complete", "show", "--store", "fs:none", "")).toMatchObject({ stdout: "", stderr: "" });
  expect(complete("completion", "")).toEqual(["bash", "zsh", "fish"]);
  for (const shell of ["bash", "zsh", "fish"])
    expect(ok(at, "completion", shell)).toContain("thulp-sessions __complete");
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
