import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, ok, preparedFolder, type RunOptions } from "./harness.ts";

const A = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const E1 = "0190a3c5-7b1e-7c3a-9d4f-000000000001";
const E2 = "0190a3c5-7b1e-7c3a-9d4f-000000000002";

const env = { THULP_SESSIONS_STORE: "sqlite:s.db" };
const oneSession = preparedFolder((cwd) => ok({ cwd, env }, "create", "One", "--id", A));

function workspace(): RunOptions {
  return { cwd: oneSession(), env };
}

const session = (at: RunOptions) => JSON.parse(ok(at, "show", A, "--json"));

it("create makes every type, and says what is missing", () => {
  const at = workspace();
  const { metadata, context } = JSON.parse(
    ok(
      at,
      "create",
      "T",
      "--type",
      "teacher_demo",
      "--task",
      "t",
      "--model",
      "m",
      "--tag",
      "a",
      "--tag",
      "b",
      "--context",
      'k={"x":[1]}',
      "--context",
      "s=text",
      "--json",
    ),
  );
  expect(metadata).toMatchObject({
    name: "T",
    sessionType: { type: "teacher_demo", task: "t", model: "m" },
    tags: ["a", "b"],
  });
  expect(context).toEqual({ k: { x: [1] }, s: "text" });
  expect(cli(at, "create", "x", "--type", "agent")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--agent-name"),
  });
  expect(cli(at, "create", "x", "--purpose", "p", "--type", "agent").code).toBe(2);
  expect(cli(at, "create", "x", "--id", A)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("already"),
  });
});

describe("append", () => {
  it("takes arguments, files, standard input and JSON, and keeps ids", () => {
    const at = workspace();
    writeFileSync(join(at.cwd, "answer.md"), "# Answer\n");
    ok(at, "append", A, "two", "words", "--entry-id", E1);
    ok(at, "append", A, "two words", "--entry-id", E1);
    ok(at, "append", A, "--role", "assistant", "--file", "answer.md");
    ok({ ...at, input: "piped\n" }, "append", A, "--role", "system", "-");
    ok(at, "append", A, "--skill", "s", "--content", "[1]");
    ok(at, "append", A, "--event", "started", "x");
    ok(at, "append", A, "--score", "-0.5", "--metric", "a=b=2", "x");
    expect(session(at).entries.map(({ entryType, content }: never) => [entryType, content])).toEqual([
      [{ type: "user_message" }, { text: "two words" }],
      [{ type: "assistant_message" }, { text: "# Answer" }],
      [{ type: "system_message" }, { text: "piped" }],
      [{ type: "skill_execution", skillName: "s", success: true }, [1]],
      [{ type: "system_event", event: "started" }, { text: "x" }],
      [{ type: "evaluation_result", score: -0.5, metrics: { "a=b": 2 } }, { text: "x" }],
    ]);
    const other = cli(at, "append", A, "other", "--entry-id", E1);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("with other content") });
    for (const wrong of [
      ["--tool", "t", "--role", "user", "x"],
      ["--failed", "x"],
      ["--content", "{", ""],
      ["x", "--file", "f"],
      ["--file", "none"],
    ])
      expect(cli(at, "append", A, ...wrong).code, wrong.join(" ")).not.toBe(0);
    expect(session(at).entries).toHaveLength(6);
  });

  it("takes many as JSONL, and a repeat adds nothing", () => {
    const at = workspace();
    const line = (n: number, id: string) =>
      JSON.stringify({ id, timestamp: n, entryType: { type: "user_message" }, content: n });
    const input = `${line(1, E1)}\n\n${line(2, E2)}\r\n`;
    expect(ok({ ...at, input }, "append", A, "--jsonl", "-")).toBe("2 entries added, 0 there already");
    expect(ok({ ...at, input }, "append", A, "--jsonl", "-")).toBe("0 entries added, 2 there already");
    expect(session(at).entries).toMatchObject([
      { id: E1, timestamp: 1 },
      { id: E2, timestamp: 2 },
    ]);
    const lines = ok(at, "show", A, "--jsonl");
    expect(ok({ ...at, input: lines }, "append", A, "--jsonl", "-")).toBe("0 entries added, 2 there already");
    const without = '{"entryType":{"type":"user_message"},"content":1}';
    expect(cli({ ...at, input: without }, "append", A, "--jsonl", "-").stderr).toContain('had no "id"');
    expect(cli({ ...at, input: `${without}\n{"content":1}` }, "append", A, "--jsonl", "-")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("line 2: entryType"),
    });
    expect(
      cli({ ...at, input: without.replace(":1}", ":9007199254740993}") }, "append", A, "--jsonl", "-").code,
    ).toBe(2);
    expect(session(at).entries).toHaveLength(3);
  });
});

it("changes status, tags and name", () => {
  const at = workspace();
  for (const [command, status] of [
    ["complete", "completed"],
    ["fail", "failed"],
    ["cancel", "cancelled"],
    ["pause", "paused"],
    ["resume", "active"],
  ]) {
    ok(at, command as string, A);
    expect(session(at).metadata.status).toBe(status);
  }
  expect(ok(at, "tag", A, "--add", "x", "--add", "y", "--add", "x")).toBe("x\ny");
  expect(ok(at, "tag", A, "--add", "z", "--remove", "x")).toBe("y\nz");
  expect(ok(at, "tag", A.slice(0, 9), "--json")).toBe(JSON.stringify(["y", "z"], null, 2));
  ok(at, "rename", A, "Another");
  expect(session(at).metadata).toMatchObject({ name: "Another", tags: ["y", "z"] });
});

it("forks and rewinds", () => {
  const at = workspace();
  for (const text of ["a", "b", "c"]) ok(at, "append", A, text);
  const fork = ok(at, "fork", A.slice(0, 9), "--entries", "2", "--name", "F");
  expect(JSON.parse(ok(at, "show", fork, "--json", "--head"))).toMatchObject({
    metadata: { name: "F", parentSession: A },
    entryCount: 2,
  });
  expect(cli(at, "rewind", A, "1")).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
  expect(ok(at, "rewind", A, "1", "--dry-run")).toContain("2 entries of 3");
  expect(session(at).entryCount).toBe(3);
  ok(at, "rewind", A, "1", "--yes");
  expect(session(at).entryCount).toBe(1);
  expect(cli(at, "rewind", A, "2", "--yes").code).toBe(2);
});

it("wants the whole id for a change, and a yes for what cannot be taken back", () => {
  const at = workspace();
  for (const args of [
    ["delete", A.slice(0, 20), "--yes"],
    ["rename", A.slice(0, 20), "x"],
    ["append", A.slice(0, 20), "x"],
  ]) {
    expect(cli(at, ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(`Did you mean ${A}`) });
  }
  expect(cli(at, "delete", A)).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
  expect(ok(at, "delete", A, "--dry-run")).toContain(`would delete  ${A}`);
  expect(ok(at, "list", "--count")).toBe("1");
  ok(at, "delete", A, "--yes");
  expect(ok(at, "list", "--count")).toBe("0");
  expect(cli(at, "delete", A, "--yes")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Nothing was deleted"),
  });
});

it("prune deletes what is old and matches, only with --yes", () => {
  const at = workspace();
  const old = JSON.stringify({
    type: "session",
    metadata: {
      id: E1,
      name: "Old",
      sessionType: { type: "agent", agentName: "a" },
      createdAt: 1,
      updatedAt: Date.now() - 100 * 86_400_000,
      status: "completed",
      tags: [],
      parentSession: null,
    },
    context: {},
  });
  ok({ ...at, input: old }, "import", "-");
  ok(at, "complete", A);
  expect(cli(at, "prune", "--status", "completed")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--older-than"),
  });
  const dry = cli(at, "prune", "--older-than", "90d", "--status", "completed");
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching(`^would delete  ${E1}.*\n$`) });
  expect(dry.stderr).toContain("1 session, about");
  expect(ok(at, "list", "--count")).toBe("2");
  ok(at, "prune", "--older-than", "90d", "--status", "active", "--yes");
  expect(ok(at, "list", "--count")).toBe("2");
  ok(at, "prune", "--older-than", "90d", "--status", "completed", "--yes");
  expect(
    ok(at, "list")
      .split("\n")
      .map((line) => line.split("\t")[0]),
  ).toEqual([A]);
});
