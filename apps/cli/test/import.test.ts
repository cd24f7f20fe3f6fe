import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cli, ok, preparedFolder, type RunOptions, start, tempFolder, until } from "./harness.ts";

const id = (n: number) => `0190a3c5-7b1e-7c3a-9d4f-00000000000${n}`;

interface Place extends RunOptions {
  /** The JSONL of the sessions 1 to 3: two lines each. */
  readonly lines: readonly string[];
  readonly write: (name: string, content: string) => void;
}

const exported = preparedFolder((cwd) => {
  const from = { cwd, env: { THULP_SESSIONS_STORE: "fs:from" } };
  for (const n of [1, 2, 3]) {
    ok(from, "create", `s${n}`, "--id", id(n));
    ok(from, "append", id(n), `hello ${n}`);
    ok(from, "export", id(n), "-o", `${n}.json`);
  }
  writeFileSync(join(cwd, "three.jsonl"), ok(from, "export", id(1), id(2), id(3), "--format", "jsonl"));
});

function place(): Place {
  const cwd = exported();
  const lines = readFileSync(join(cwd, "three.jsonl"), "utf8").split("\n");
  const write = (name: string, content: string) => writeFileSync(join(cwd, name), content);
  return { cwd, env: { THULP_SESSIONS_STORE: "fs:to" }, lines, write };
}

const names = (at: RunOptions) =>
  ok(at, "list", "--order", "created")
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t")[1])
    .sort();

it("reports on every input, whatever is wrong with another", () => {
  const at = place();
  at.write("bad.json", "{");
  at.write("none.json", '{"metadata":{}}');
  const result = cli(at, "import", "1.json", "bad.json", "missing.json", "none.json", "3.json");
  expect(result).toMatchObject({ code: 1, stdout: "2 copied, 0 equal\n" });
  expect(result.stderr).toMatch(
    /bad\.json: this is no session[^\n]*\n[^\n]*missing\.json cannot be read[^\n]*\n[^\n]*none\.json: this is no session/,
  );
  expect(names(at)).toEqual(["s1", "s3"]);
  const json = cli(at, "import", "bad.json", "2.json", "--json");
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    copied: 1,
    failed: [{ input: "bad.json" }],
    skippedLines: 0,
  });
});

it("says with exit code 2 that nothing was taken in, and with 1 that it could not be read", () => {
  const at = place();
  at.write("bad.json", "{");
  expect(cli(at, "import", "bad.json")).toMatchObject({ code: 2, stdout: "" });
  expect(cli(at, "import", "missing.json")).toMatchObject({ code: 1, stdout: "" });
  expect(cli({ ...at, input: "" }, "import", "-").stderr).toContain("standard input: it is empty.");
});

it("takes a session that stands in the lines twice once", () => {
  const at = place();
  at.write("twice.jsonl", [...at.lines, ...at.lines].join("\n"));
  expect(cli(at, "import", "twice.jsonl")).toMatchObject({ code: 0, stdout: "3 copied, 3 equal\n" });
});

it("takes what stands before a line that is wrong, but not the session that it belongs to", () => {
  const at = place();
  const [a = "", b = "", c = "", d = ""] = at.lines;
  at.write("torn.jsonl", [a, b, c, d.slice(0, -20)].join("\n"));
  const result = cli(at, "import", "torn.jsonl");
  expect(result).toMatchObject({ code: 1, stdout: "1 copied, 0 equal\n" });
  expect(result.stderr).toContain("torn.jsonl, line 4: this is no JSON");
  expect(names(at)).toEqual(["s1"]);
});

it("passes over lines that are wrong on request, and says which", () => {
  const at = place();
  const [a = "", b = "", c = "", d = "", e = "", f = ""] = at.lines;
  // An entry, the line of a session, whose entries are nobody's then, and a session that no store takes.
  const wrong = e.replace('"name":"s3"', '"name":5');
  at.write("bad.jsonl", [a, b.slice(0, -9), b, c.slice(1), d, wrong, f, e, f].join("\n"));
  const result = cli(at, "import", "bad.jsonl", "--skip-bad");
  expect(result).toMatchObject({ code: 1, stdout: "2 copied, 0 equal\n" });
  for (const n of [2, 4, 5, 6]) expect(result.stderr).toContain(`bad.jsonl, line ${n}: `);
  expect(result.stderr).toContain("4 lines passed over.");
  expect(names(at)).toEqual(["s1", "s3"]);
  expect(ok(at, "show", id(1), "--jsonl")).toContain("hello 1");
  expect(ok(at, "show", id(3), "--jsonl")).toContain("hello 3");
});

it("reads many sessions some at a time", () => {
  const at = place();
  const [a = "", b = ""] = at.lines;
  const many = Array.from({ length: 450 }, (_, n) => {
    const own = id(1).slice(0, -4) + String(n).padStart(4, "0");
    return `${a.replace(id(1), own)}\n${b}`;
  });
  expect(ok({ ...at, input: many.join("\n") }, "import", "-")).toBe("450 copied, 0 equal");
  expect(ok(at, "list", "--count")).toBe("450");
});

it("takes a JSON list of sessions, each as the bytes that it is", () => {
  const at = place();
  const [one, two] = [1, 2].map((n) => readFileSync(join(at.cwd, `${n}.json`), "utf8"));
  at.write("list.json", `[${one},${two}]`);
  expect(ok(at, "import", "list.json")).toBe("2 copied, 0 equal");
  expect(cli({ ...at, input: "[{}]" }, "import", "-")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("standard input, session 0: this is no session"),
  });
  // As bytes: JavaScript would round the number.
  const exact = `[${one?.replace(id(1), id(4))}, ${two?.replace(id(2), id(5)).replace('"hello 2"', "12345678901234567890")}]`;
  expect(ok({ ...at, input: exact }, "import", "-")).toBe("2 copied, 0 equal");
  expect(readFileSync(join(at.cwd, "to", `${id(5)}.json`), "utf8")).toMatch(/: 12345678901234567890\n/);
  expect(cli({ ...at, input: exact }, "import", "-", "--store", "sqlite:x.db")).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^1 copied, 0 equal, 1 /),
  });
});

it.each([
  ["[", "session 0: this is no JSON list of sessions: it ends in the midst"],
  ["[1]", "session 0: this is no JSON list of sessions: expected object or end of the list"],
  ["ONE,]", "session 1: this is no JSON list of sessions: expected object of the list"],
  ["ONE] x", "session 1: this is no JSON list of sessions: expected the end"],
  ["ONE ONE]", "session 1: this is no JSON list of sessions: expected comma or end of the list"],
])("takes the sessions of a list that stand before what is wrong (%s)", (text, reason) => {
  const at = place();
  const one = readFileSync(join(at.cwd, "1.json"), "utf8");
  const input = text.replaceAll("ONE", one);
  const result = cli({ ...at, input: input.startsWith("[") ? input : `[${input}` }, "import", "-");
  expect(result.stderr).toContain(reason);
  expect(names(at)).toEqual(text.includes("ONE") ? ["s1"] : []);
});

it("takes a list with a session that stands in it twice, and strings that look like ends", () => {
  const at = place();
  ok({ ...at, env: { THULP_SESSIONS_STORE: "fs:from" } }, "append", id(1), '"]}\\" ÄÖ 😀');
  const one = ok({ ...at, env: { THULP_SESSIONS_STORE: "fs:from" } }, "export", id(1));
  at.write("twice.json", ` \n[${one},\n${one}]\n`);
  expect(ok(at, "import", "twice.json")).toBe("1 copied, 1 equal");
  expect(ok(at, "show", id(1))).toContain('"]}\\" ÄÖ 😀');
});

it("reads a session in its file wherever that is, and refuses one whose end is cut off", () => {
  const at = place();
  const tmp = tempFolder();
  // No folder for temporary files is needed.
  const withoutTemp = { ...at, env: { ...at.env, TMPDIR: join(tmp, "none") } };
  expect(ok(withoutTemp, "import", "1.json")).toBe("1 copied, 0 equal");
  symlinkSync(join(at.cwd, "2.json"), join(at.cwd, "link"));
  expect(ok(withoutTemp, "import", "link")).toBe("1 copied, 0 equal");
  const three = readFileSync(join(at.cwd, "3.json"));
  for (const length of [three.length - 1, three.length - 40, three.length - 200]) {
    writeFileSync(join(at.cwd, "cut.json"), three.subarray(0, length));
    const { code, stdout } = cli(withoutTemp, "import", "cut.json");
    expect(code).not.toBe(0);
    expect(stdout).not.toContain("1 copied");
  }
  at.write("marked.json", `\ufeff${three}`);
  expect(ok(at, "import", "marked.json")).toBe("1 copied, 0 equal");
  const bytes = Buffer.concat([three.subarray(0, -30), Buffer.from([0xe2, 0x28]), three.subarray(-30)]);
  writeFileSync(join(at.cwd, "latin.json"), bytes);
  const lines = three.subarray(0, -30).toString().split("\n");
  expect(cli(at, "import", "latin.json").stderr).toContain(
    `latin.json, line ${lines.length}: byte ${lines.at(-1)?.length} of the line`,
  );
});

it("clears what commands have left that were killed, and nothing else", () => {
  const at = place();
  const tmp = tempFolder();
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  const folders = [
    `thulp-sessions-${pid}-a`,
    `thulp-sessions-${pid}-b`,
    `thulp-sessions-${process.pid}-c`,
    "other",
  ];
  for (const name of folders) mkdirSync(join(tmp, name));
  for (const name of folders.toSpliced(1, 1)) utimesSync(join(tmp, name), 1, 1);
  const input = readFileSync(join(at.cwd, "1.json"), "utf8");
  ok({ ...at, input, env: { ...at.env, TMPDIR: tmp, TEMP: tmp, TMP: tmp } }, "import", "-");
  expect(readdirSync(tmp).sort()).toEqual(folders.slice(1).sort());
});

const SIGNALS = process.platform === "win32" ? [] : (["SIGINT", "SIGTERM", "SIGHUP"] as const);

it.each(SIGNALS)("leaves nothing behind at %s, of an export or an import", async (signal) => {
  const at = place();
  const tmp = tempFolder();
  const env = { ...at.env, TMPDIR: tmp };
  // A pipe whose other end is open gives no end: the import waits with what it has read.
  const reading = start({ ...at, env }, "import", "-");
  reading.child.stdin.write(`[${readFileSync(join(at.cwd, "1.json"), "utf8").slice(0, -20)}`);
  await until(() => readdirSync(tmp).some((name) => readdirSync(join(tmp, name)).length > 0), "it has read");
  reading.child.kill(signal);
  await reading.ended;
  expect(reading.child.signalCode).toBe(signal);
  expect(readdirSync(tmp)).toEqual([]);
});

it("clears what an export has left that was killed", () => {
  const at = place();
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  const [old, young, other] = [
    `a.b.tmp-${pid}-0123abcd`,
    `a.b.tmp-${pid}-0123abce`,
    `aXb.tmp-${pid}-0123abcd`,
  ];
  for (const name of [old, young, other]) at.write(name, "secret");
  for (const name of [old, other]) utimesSync(join(at.cwd, name), 1, 1);
  ok({ ...at, env: { THULP_SESSIONS_STORE: "fs:from" } }, "export", id(1), "-o", "a.b");
  const left = readdirSync(at.cwd).filter((name) => name.startsWith("a"));
  expect(left.sort()).toEqual(["a.b", young, other].sort());
});
