import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, test } from "vitest";
import { TextRepair } from "../src/input/text-repair.ts";
import { cli, ok, type RunOptions, tempFolder } from "./harness.ts";

const A = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const B = "0190a3c5-8000-7c3a-9d4f-2a6b8c0d1e30";

function place(): RunOptions {
  const at = { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: "fs:s" } };
  ok(at, "create", "a", "--id", A);
  return at;
}

const line = (text: string) => `{"entryType":{"type":"user_message"},"content":${text}}`;
const texts = (at: RunOptions, id = A) =>
  ok(at, "show", id, "--jsonl")
    .split("\n")
    .filter(Boolean)
    .map((each) => JSON.parse(each).content);

it("splits lines at \\n only: what other readers take for a line end may stand in JSON", () => {
  const at = place();
  const separators = "one\u2028two\u2029three\u0085four";
  const lines = [line(JSON.stringify(separators)), line('"a"').replace(",", ",\r"), "", line('"c"')];
  writeFileSync(join(at.cwd, "e.jsonl"), `\ufeff${lines.join("\r\n")}`);
  expect(ok(at, "append", A, "--jsonl", "e.jsonl")).toBe("3 entries added, 0 there already");
  expect(texts(at)).toEqual([separators, "a", "c"]);
  // What is printed is taken.
  ok(at, "create", "b", "--id", B);
  const input = ok(at, "show", A, "--jsonl");
  expect(ok({ ...at, input }, "append", B, "--jsonl", "-")).toBe("3 entries added, 0 there already");
});

it("refuses what is not UTF-8, with the place, and changes nothing", () => {
  const at = place();
  const write = (name: string, content: Buffer) => writeFileSync(join(at.cwd, name), content);
  write("latin.jsonl", Buffer.from(`${line('"ok"')}\n${line('"caf\u00e9"')}\n`, "latin1"));
  expect(cli(at, "append", A, "--jsonl", "latin.jsonl")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^thulp-sessions: latin\.jsonl, line 2: byte 51 .*not UTF-8/),
  });
  write("latin.txt", Buffer.from("one\ncaf\u00e9", "latin1"));
  expect(cli(at, "append", A, "--file", "latin.txt").stderr).toMatch(/latin\.txt, line 2: byte 3 /);
  expect(cli(at, "import", "latin.txt")).toMatchObject({ code: 2 });
  expect(texts(at)).toEqual([]);
  for (const name of ["u16.jsonl", "u16.json"]) {
    write(name, Buffer.from(`\ufeff${line('"x"')}\n`, "utf16le"));
    const args = name.endsWith("l") ? ["append", A, "--jsonl", name] : ["import", name];
    expect(cli(at, ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining("this is UTF-16") });
  }
});

it("repairs half characters and foreign bytes on request, and says so", () => {
  const at = place();
  const half = String.raw`"a\ud83d \\ud83d \ud83d\ude00 \ude00"`;
  const content = Buffer.concat([
    Buffer.from(`${line(half)}\n`),
    Buffer.from(line('"caf\u00e9 "'), "latin1"),
  ]);
  writeFileSync(join(at.cwd, "e.jsonl"), content);
  expect(cli(at, "append", A, "--jsonl", "e.jsonl")).toMatchObject({ code: 2 });
  const { code, stderr } = cli(at, "append", A, "--jsonl", "e.jsonl", "--repair-text");
  expect(code).toBe(0);
  expect(stderr).toContain("3 characters replaced by U+FFFD, the first in e.jsonl, line 1.");
  expect(texts(at)).toEqual(["a\ufffd \\ud83d 😀 \ufffd", "caf\ufffd "]);

  const session = ok(at, "export", A).replace("caf\ufffd", String.raw`caf\ud83d`).replaceAll(A, B);
  expect(cli({ ...at, input: session }, "import", "-")).toMatchObject({ code: 1 });
  const imported = cli({ ...at, input: session }, "import", "-", "--repair-text");
  expect(imported).toMatchObject({ code: 0, stdout: "1 copied, 0 equal\n" });
  expect(imported.stderr).toContain("1 character replaced by U+FFFD, the first in standard input, line ");
  expect(texts(at, B)[1]).toBe("caf\ufffd ");
});

test("what is whole is not repaired", () => {
  const repair = new TextRepair();
  for (const text of ['"\\ud83d\\ude00"', '"\\\\ud83d"', '"\\ufffd"', '"\ufffd"', "{}", '"\\u00e9\\n\\""']) {
    expect(repair.json(text, "x")).toBe(text);
    expect(repair.decode(Buffer.from(text), "x")).toBe(text);
  }
  expect(repair.count).toBe(0);
});
