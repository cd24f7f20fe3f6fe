import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, ok, type RunOptions, tempFolder } from "./harness.ts";

// Put together here, so that nobody who looks through this repository takes it for a real one.
const SECRET = `ghp_${"a1B2c3D4".repeat(4)}`;
const MARK = /\[redacted: token of GitHub ([0-9a-f]{12})\]/g;
const SESSION = "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b";
const PATH = `.claude/projects/p/${SESSION}.jsonl`;

const line = (uuid: string, content: string) =>
  `${JSON.stringify({ type: "user", uuid, timestamp: "2026-03-01T09:00:00Z", message: { role: "user", content } })}\n`;

/** A home with a history in it, and an empty folder to work in. */
function machine(): RunOptions & { readonly home: string; readonly key: string } {
  const home = tempFolder();
  mkdirSync(dirname(join(home, PATH)), { recursive: true });
  writeFileSync(join(home, PATH), line("u1", `Clone it with ${SECRET}`) + line("u2", "and no more"));
  const data = join(home, "data");
  const env = {
    HOME: home,
    USERPROFILE: home,
    XDG_DATA_HOME: data,
    LOCALAPPDATA: data,
    THULP_SESSIONS_STORE: "sqlite:.thulp/sessions.db",
  };
  return { cwd: tempFolder(), env, home, key: join(data, "thulp-sessions", "redaction.key") };
}

const marksIn = (text: string) => new Set([...text.matchAll(MARK)].map(([, mark]) => mark));
const IMPORT = ["import", "--from", "claude-code", "--redact"] as const;

describe("import --from --redact", () => {
  it("stores marks, says what was where, and is repeatable; export --as says that it is not the file", () => {
    const at = machine();
    const told = ok(at, ...IMPORT);
    expect(told).toContain(`${PATH}: entry 0, content.record.message.content: token of GitHub`);
    expect(told).toContain("2 secrets redacted; what does not look like one is not seen");
    expect(told).not.toContain(SECRET);
    expect(readFileSync(join(at.cwd, ".thulp", "sessions.db")).includes(SECRET)).toBe(false);
    if (process.platform !== "win32") expect(statSync(at.key).mode & 0o777).toBe(0o600);
    expect(ok(at, "list", "--tag", "redacted", "--json")).toContain(SESSION);
    const back = cli(at, "export", SESSION, "--as", "claude-code");
    expect(back).toMatchObject({ code: 1, stderr: expect.stringContaining("are replaced by marks") });
    expect(marksIn(back.stdout).size).toBe(1);
    appendFileSync(join(at.home, PATH), line("u3", `again ${SECRET}`));
    expect(ok(at, ...IMPORT)).toContain("1 entry added, 2 there already");
    expect(marksIn(cli(at, "export", SESSION).stdout).size).toBe(1);
    const plain = cli(at, "import", "--from", "claude-code");
    expect(plain).toMatchObject({ code: 1, stdout: expect.stringContaining("--redact") });
  });

  it("says with a dry run what it would replace, and makes no key", () => {
    const at = machine();
    expect(ok(at, ...IMPORT, "--dry-run")).toContain("entry 0, content.record.message.content");
    expect(existsSync(at.key)).toBe(false);
  });

  it("also from a hook", () => {
    const at = machine();
    const input = JSON.stringify({ transcript_path: join(at.home, PATH) });
    expect(cli({ ...at, input }, ...IMPORT, "--hook")).toEqual({ code: 0, stdout: "", stderr: "" });
    const stored = cli(at, "export", SESSION).stdout;
    expect(stored).not.toContain(SECRET);
    expect(marksIn(stored).size).toBe(1);
  });
});

describe("export --redact", () => {
  it.each(["json", "jsonl", "markdown"])("writes no secret as %s, and tells what was where", (format) => {
    const at = machine();
    ok(at, "import", "--from", "claude-code");
    const { code, stdout, stderr } = cli(at, "export", SESSION, "--redact", "--format", format);
    expect(code).toBe(0);
    expect(stdout).not.toContain(SECRET);
    expect(marksIn(stdout).size).toBe(1);
    expect(stderr).toContain(`session ${SESSION}, entry 0, content.record.message.content: token of GitHub`);
    expect(stderr).not.toContain(SECRET);
    expect(stdout).toContain("redacted");
  });

  it("and as the agent's file, which is another one then; import takes in what it writes, redacts likewise", () => {
    const at = machine();
    ok(at, "import", "--from", "claude-code");
    const back = cli(at, "export", SESSION, "--redact", "--as", "claude-code");
    expect(back).toMatchObject({ code: 1, stderr: expect.stringContaining("are replaced by marks") });
    expect(back.stdout).not.toContain(SECRET);
    const whole = cli(at, "export", SESSION).stdout;
    const to = ["--store", "fs:other"];
    const taken = cli({ ...at, input: whole }, "import", "-", "--redact", ...to);
    expect(taken).toMatchObject({ code: 0, stderr: expect.stringContaining("token of GitHub") });
    const stored = cli(at, "export", SESSION, ...to).stdout;
    expect(stored).not.toContain(SECRET);
    // One key: the same secret has the same mark everywhere.
    expect(marksIn(stored)).toEqual(marksIn(back.stdout));
    expect(cli({ ...at, input: whole }, "import", "-", "--redact", ...to).stdout).toContain("1 equal");
  });
});

describe("append --redact", () => {
  it("stores a mark, tells of it, and takes a repeat as one", () => {
    const at = machine();
    const id = ok(at, "create", "Mine");
    const entry = ["append", id, `use ${SECRET}`, "--entry-id", "0190a3c5-0000-7000-8000-000000000001"];
    const { code, stderr } = cli(at, ...entry, "--redact");
    expect([code, stderr]).toEqual([0, expect.stringContaining("content.text: token of GitHub")]);
    expect(cli(at, ...entry, "--redact").code).toBe(0);
    const lines = `${JSON.stringify({ entryType: { type: "user_message" }, content: { password: SECRET } })}\n`;
    expect(cli({ ...at, input: lines }, "append", id, "--jsonl", "-", "--redact").code).toBe(0);
    const stored = cli(at, "export", id).stdout;
    expect(stored).not.toContain(SECRET);
    expect([...stored.matchAll(MARK)]).toHaveLength(2);
    expect(marksIn(stored).size).toBe(1);
  });
});
