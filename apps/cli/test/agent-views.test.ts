import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AGENT_FILES } from "./agent-files.ts";
import { cli, makeTempFolder, ok, type RunOptions } from "./harness.ts";

let at: RunOptions;
const ids = new Map<string, string>();

beforeAll(() => {
  const home = makeTempFolder();
  const env = { HOME: home, USERPROFILE: home, THULP_SESSIONS_STORE: "sqlite:sessions.db" };
  at = { cwd: home, env };
  for (const { agent, path, text } of AGENT_FILES) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
    const { files } = JSON.parse(ok(at, "import", "--from", agent, join(home, path), "--json"));
    expect(files).toMatchObject([{ result: "new" }]);
    ids.set(agent, files[0].sessionId);
  }
});
afterAll(() => rmSync(at.cwd, { recursive: true, force: true }));

const idOf = (agent: string) => ids.get(agent) as string;

/** What stands below the facts of the session. */
function talkOf(text: string): string {
  return text.slice(text.indexOf("\n\n") + 2);
}

describe("show of an imported session reads as a conversation", () => {
  it.each(AGENT_FILES)("of $agent", async ({ agent }) => {
    await expect(`${talkOf(ok(at, "show", idOf(agent)))}\n`).toMatchFileSnapshot(`golden/${agent}.txt`);
  });

  it("with the notes of the agent where they are asked for", () => {
    const id = idOf("claude-code");
    expect(ok(at, "show", id)).toContain("… 1 note of the agent for itself; --full shows such");
    for (const args of [["--full"], ["--raw"], ["--types", "system_event"], ["--entries", "6"]])
      expect(ok(at, "show", id, ...args), args.join(" ")).toContain("turn_duration");
    expect(ok(at, "show", id, "--entries", "5..7")).not.toContain("turn_duration");
    expect(JSON.parse(ok(at, "show", id, "--json")).entries).toHaveLength(8);
    expect(ok(at, "tail", id, "-n", "3")).toContain("\n  a\n  b\n");
    expect(ok(at, "tail", id)).toContain("… 1 note of the agent for itself; --full shows such");
    expect(ok(at, "tail", id)).not.toContain("turn_duration");
    for (const option of ["--full", "--jsonl"]) expect(ok(at, "tail", id, option)).toContain("turn_duration");
    expect(ok(at, "export", id, "--format", "markdown")).toContain("calls Bash:\n\n```json\n{\n");
  });
});

describe("show --summary", () => {
  it("says what a session did and cost, by the prices of the list", () => {
    const text = ok(at, "show", idOf("claude-code"), "--summary");
    expect(text).toMatch(/^turns +1$/m);
    // One request, though three lines tell of it: 1,000 + 40 + 20,000 from the cache.
    expect(text).toMatch(/^claude-opus-4-5-20251101 +1 +1,000 +20,000 +0 +40 +\$0\.0160$/m);
    expect(text).toMatch(/^Bash +1 +0 +0$/m);
    expect(text).toContain("Prices: ");
  });

  it("is JSON for programs", () => {
    const { metadata, summary } = JSON.parse(ok(at, "show", idOf("codex"), "--summary", "--json"));
    expect(metadata.id).toBe(idOf("codex"));
    expect(summary).toMatchObject({
      turns: 1,
      tools: [{ name: "shell", calls: 1, failed: 1 }],
      models: [{ model: "gpt-5.2-codex", requests: 2, tokens: { input: 3000, output: 200 } }],
      tokenSum: 3200,
      prices: { asOf: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
    });
    expect(summary.cost.known).toBeCloseTo((3000 * 1.75 + 200 * 14) / 1e6, 10);
  });

  it("says that a cost is unknown where no price is", () => {
    expect(ok(at, "show", idOf("pi"), "--summary")).toMatch(/^own-model +1 +100 +0 +0 +10 +unknown$/m);
    expect(ok(at, "show", idOf("pi"), "--summary")).toContain("sum.txt");
    expect(ok(at, "show", idOf("cursor"), "--summary")).toContain("No record says which tokens it cost.");
  });

  it("takes other prices, which are checked", () => {
    const prices = (value: unknown, name = "prices.json") => {
      writeFileSync(join(at.cwd, name), typeof value === "string" ? value : JSON.stringify(value));
      return ["show", idOf("pi"), "--summary", "--prices", name];
    };
    const list = {
      asOf: "2026-03-01",
      source: "ours",
      models: [{ model: "own-*", input: 10_000, output: 10_000 }],
    };
    expect(ok(at, ...prices(list))).toMatch(/\$1\.10$/m);
    expect(ok(at, ...prices(list))).toContain("Prices: ours, 2026-03-01");
    expect(cli(at, ...prices("{"))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--prices prices.json: it is no JSON"),
    });
    expect(cli(at, ...prices({ ...list, models: [{ model: "x", input: "free", output: 0 }] }))).toMatchObject(
      {
        code: 2,
        stderr: expect.stringContaining("prices.models[0].input"),
      },
    );
    expect(cli(at, "show", idOf("pi"), "--summary", "--prices", "nowhere.json").code).not.toBe(0);
    expect(cli(at, "show", idOf("pi"), "--prices", "prices.json")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--summary"),
    });
    expect(cli(at, "show", idOf("pi"), "--summary", "--jsonl").code).toBe(2);
  });
});

describe("stats --usage", () => {
  it("adds up all sessions, with what is unknown beside what is known", () => {
    const text = ok(at, "stats", "--usage");
    expect(text).toMatch(/^gpt-5\.2-codex +2 +3,000 /m);
    expect(text).toMatch(/^mill-x +1 +40 +0 +0 +4 +\$0\.25$/m);
    expect(text).toMatch(/^own-model .* unknown$/m);
    expect(text).toMatch(/^all +\d+ .* or more$/m);
    expect(text).toMatch(/^3 files changed$/m);
    const { usage, sessions, bytes } = JSON.parse(ok(at, "stats", "--usage", "--json"));
    expect({ sessions, bytes: bytes > 0 }).toEqual({ sessions: 13, bytes: true });
    expect(usage.cost.unknownRequests).toBeGreaterThan(0);
    const only = JSON.parse(ok(at, "stats", "--usage", "--tag", "agent:opencode", "--json"));
    expect(only.usage.cost).toEqual({ known: 0.25, knownRequests: 1, unknownRequests: 0 });
    expect(JSON.parse(ok(at, "stats", "--json"))).not.toHaveProperty("usage");
  });

  it("reads the entries, and has prices for nothing else", () => {
    expect(cli(at, "stats", "--usage", "--no-sizes")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--no-sizes"),
    });
    expect(cli(at, "stats", "--prices", "x.json")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--usage"),
    });
  });
});
