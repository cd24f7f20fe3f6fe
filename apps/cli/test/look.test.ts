import { cpSync, rmSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { cli, makeTempFolder, ok, type RunOptions, tempFolder } from "./harness.ts";

const A = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const B = "0190a3c5-8000-7c3a-9d4f-2a6b8c0d1e30";

/** For what only looks: starting the command is what takes the time here. */
const SHARED = fill(makeTempFolder());
afterAll(() => rmSync(SHARED.cwd, { recursive: true, force: true }));

/** For what writes too. */
function workspace(): RunOptions {
  const cwd = tempFolder();
  cpSync(SHARED.cwd, cwd, { recursive: true });
  return { ...SHARED, cwd };
}

/** Two sessions, the second one changed last. */
function fill(cwd: string): RunOptions {
  const at: RunOptions = { cwd, env: { THULP_SESSIONS_STORE: "fs:s" } };
  ok(at, "create", "Fix the build", "--id", A, "--tag", "ci", "--context", "n=1");
  ok(at, "append", A, "Please fix the build");
  ok({ ...at, input: "done\nall green\n" }, "append", A, "--role", "assistant");
  ok(at, "append", A, "--tool", "run_tests", "--failed", "--content", '{"failed":3}');
  ok(
    at,
    "create",
    "Nightly",
    "--id",
    B,
    "--type",
    "evaluation",
    "--skill-name",
    "parse",
    "--test-cases",
    "2",
    "--parent",
    A,
  );
  return at;
}

describe("list", () => {
  it("into a pipe: a line each, whole ids, tabs", () => {
    const lines = ok(SHARED, "list").split("\n");
    expect(lines.map((line) => line.split("\t").toSpliced(4, 1))).toEqual([
      [B, "Nightly", "evaluation", "active", ""],
      [A, "Fix the build", "conversation", "active", "ci"],
    ]);
  });

  it("filters, orders and pages", () => {
    const at = SHARED;
    const ids = (...options: string[]) =>
      ok(at, "list", "--jsonl", ...options)
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line).id);
    expect(ids()).toEqual([B, A]);
    expect(ids("--reverse")).toEqual([A, B]);
    expect(ids("--tag", "ci")).toEqual([A]);
    expect(ids("--type", "agent", "--type", "evaluation")).toEqual([B]);
    expect(ids("--name", "FIX")).toEqual([A]);
    expect(ids("--status", "failed")).toEqual([]);
    expect(ids("--since", "1h")).toEqual([B, A]);
    expect(ids("--until", "1h")).toEqual([]);
    expect(ids("--parent", A.slice(0, 14))).toEqual([B]);
    expect(ids("--roots")).toEqual([A]);
    expect(ids("--where", '{"not":{"tag":"ci"}}')).toEqual([B]);
    expect(ids("--limit", "1")).toEqual([B]);
    const { items, nextCursor } = JSON.parse(ok(at, "list", "--json", "--limit", "1"));
    expect(items).toHaveLength(1);
    expect(ids("--cursor", nextCursor)).toEqual([A]);
    expect(ok(at, "list", "--count", "--tag", "ci")).toBe("1");
  });

  it("does not make a store by looking, and says where one is", () => {
    const cwd = tempFolder();
    expect(cli({ cwd }, "list")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no store at sqlite:"),
    });
    ok({ cwd }, "create", "x", "--store", "fs:.thulp/sessions");
    expect(cli({ cwd }, "list").stderr).toContain("--store fs:.thulp");
    expect(cli({ cwd }, "list").code).toBe(1);
  });
});

describe("show", () => {
  it("shows the conversation", () => {
    const text = ok(SHARED, "show", A);
    expect(text).toContain("Fix the build\n");
    expect(text).toMatch(/entries {2}3 entries, 1 turn\n/);
    expect(text).toMatch(
      /#0 user {2}.*\n {2}Please fix the build\n\n#1 assistant {2}.*\n {2}done\n {2}all green\n\n#2 tool run_tests failed/,
    );
    expect(text).toContain('"failed": 3');
  });

  it("takes a beginning of the id, as long as it is one session's", () => {
    const at = SHARED;
    expect(ok(at, "show", A.slice(0, 10))).toContain("Fix the build");
    const { code, stderr } = cli(at, "show", "0190");
    expect(code).toBe(1);
    expect(stderr).toContain("2 sessions begin with 0190");
    expect(stderr).toContain(A);
    expect(cli(at, "show", "ffff")).toMatchObject({ code: 1 });
    expect(cli(at, "show", "what")).toMatchObject({ code: 2 });
    expect(cli(at, "show", B.replace("8000", "9000"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no session"),
    });
  });

  it("shows a part", () => {
    const at = SHARED;
    const seqs = (...options: string[]) =>
      ok(at, "show", A, "--jsonl", ...options)
        .split("\n")
        .map((line) => JSON.parse(line).seq);
    expect(seqs("--entries", "1..")).toEqual([1, 2]);
    expect(seqs("--entries", "..1")).toEqual([0, 1]);
    expect(seqs("--entries", "1")).toEqual([1]);
    expect(seqs("--last", "2")).toEqual([1, 2]);
    expect(seqs("--types", "tool_call,user_message")).toEqual([0, 2]);
    expect(cli(at, "show", A, "--entries", "3..4")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("0 to 2"),
    });
    expect(cli(at, "show", A, "--entries", "2..1")).toMatchObject({ code: 2 });
    expect(JSON.parse(ok(at, "show", A, "--json"))).toMatchObject({
      metadata: { id: A },
      entries: [{ seq: 0 }, {}, { seq: 2 }],
    });
    expect(JSON.parse(ok(at, "show", B, "--json"))).toMatchObject({ entries: [] });
    expect(JSON.parse(ok(at, "show", A, "--json", "--head"))).toMatchObject({ entryCount: 3 });
  });

  it("folds what is long, and obeys no control character of what was stored", () => {
    const at = workspace();
    ok({ ...at, input: Array.from({ length: 40 }, (_, i) => `line ${i}`).join("\n") }, "append", A);
    ok(at, "append", A, "\u001b[31mred\u202e");
    expect(ok(at, "show", A)).toContain("… 28 more lines; --full shows all");
    expect(ok(at, "show", A, "--full")).toContain("  line 39\n");
    expect(ok(at, "show", A)).toContain("␛[31mred<U+202E>");
    expect(ok(at, "show", A)).not.toContain("\u001b");
  });
});

it("search finds words in entries and names", () => {
  const at = SHARED;
  expect(ok(at, "search", "fix", "build").split("\n").sort()).toEqual(
    [`${A}\t0\tPlease fix the build`, `${A}\tname\tFix the build`].sort(),
  );
  expect(JSON.parse(ok(at, "search", "green", "--json"))).toMatchObject({
    items: [{ sessionId: A, seq: 1 }],
  });
  expect(ok(at, "search", "build", "--tag", "other")).toBe("");
});

it("tree shows parents and children", () => {
  const at = workspace();
  const fork = ok(at, "fork", B, "--name", "A fork");
  const lines = ok(at, "tree", fork).split("\n");
  expect(lines[0]).toContain(A);
  expect(lines[1]).toContain(`└─ ${B}`);
  expect(lines[2]).toMatch(new RegExp(`└─ ${fork} .*<- this one`));
  expect(JSON.parse(ok(at, "tree", fork, "--json"))).toMatchObject({
    metadata: { id: A },
    children: [{ metadata: { id: B }, children: [{ metadata: { id: fork } }] }],
  });
  ok(at, "delete", A, "--yes");
  expect(ok(at, "tree", fork)).toContain(`${A} (not in this store)\n└─ ${B}`);
});

it("stats counts", () => {
  expect(JSON.parse(ok(SHARED, "stats", "--json"))).toMatchObject({
    sessions: 2,
    entries: 3,
    turns: 1,
    byStatus: { active: 2, failed: 0 },
    byType: { conversation: 1, evaluation: 1 },
    largest: [{ id: A, entries: 3 }, { id: B }],
  });
});

it("list groups by a field, and search looks into one session", () => {
  expect(ok(SHARED, "list", "--group-by", "type")).toBe("1\tconversation\n1\tevaluation");
  expect(ok(SHARED, "list", "--group-by", "tag", "--status", "failed")).toBe("");
  expect(JSON.parse(ok(SHARED, "list", "--group-by", "status", "--json"))).toEqual({
    items: [{ value: "active", count: 2 }],
    nextCursor: null,
  });
  const { items, nextCursor } = JSON.parse(ok(SHARED, "list", "--group-by", "type", "--json", "-n", "1"));
  expect(items).toEqual([{ value: "conversation", count: 1 }]);
  expect(ok(SHARED, "list", "--group-by", "type", "--cursor", nextCursor)).toBe("1\tevaluation");
  expect(cli(SHARED, "list", "--group-by", "name")).toMatchObject({ code: 2 });
  expect(cli(SHARED, "list", "--group-by", "type", "--count")).toMatchObject({ code: 2 });
  const hit = ok(SHARED, "search", "build", "--session", A);
  expect(hit).toContain(A);
  expect(ok(SHARED, "search", "build", "--session", B)).toBe("");
});

it("info says which store and why", () => {
  const at = SHARED;
  expect(JSON.parse(ok(at, "info", "--json"))).toMatchObject({
    store: `fs:${at.cwd}/s`,
    storeFrom: { kind: "env", name: "THULP_SESSIONS_STORE" },
    sessions: { total: 2, active: 2 },
  });
  expect(ok(at, "info", "--store", "sqlite:none.db")).toContain("there is no store there yet");
});

describe("a wrong command line ends with 2 and says what to do", () => {
  it.each<[string[], RegExp]>([
    [["lits"], /unknown command 'lits'[\s\S]*Did you mean list/],
    [
      ["list", "--statsu", "active"],
      /unknown option '--statsu'[\s\S]*Did you mean --status[\s\S]*list --help/,
    ],
    [["list", "--status", "x"], /none of active, completed/],
    [["list", "--limit", "0"], /whole number from 1/],
    [["list", "--since", "soon"], /2d \(two days ago\)/],
    [["list", "--where", "{"], /--where: this is no JSON/],
    [["list", "--where", '{"statsu":"x"}'], /statsu/],
    [["list", "--json", "--jsonl"], /cannot be used with/],
    [["show"], /missing required argument 'id'/],
    [["list", "--store", "redis://x"], /"redis" is unknown/],
  ])("%j", (args, message) => {
    const { code, stdout, stderr } = cli(SHARED, ...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("a message of LangChain", () => {
  it("is shown and exported as what it says", () => {
    const at = workspace();
    const id = ["langchain_core", "messages", "HumanMessage"];
    const content = {
      lc: 1,
      type: "constructor",
      id,
      kwargs: { content: "What does the *zebra* eat?", id: "m1" },
    };
    ok(at, "append", B, "--role", "user", "--content", JSON.stringify(content));
    expect(ok(at, "show", B)).toContain("\n  What does the *zebra* eat?");
    expect(ok(at, "export", B, "--format", "markdown")).toContain("\n> What does the *zebra* eat?");
    expect(JSON.parse(ok(at, "show", B, "--json")).entries[0].content).toEqual(content);
  });
});
