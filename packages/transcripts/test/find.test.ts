import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { copilot } from "../src/agents/copilot.ts";
import { gemini } from "../src/agents/gemini.ts";
import { openclaw, pi } from "../src/agents/pi.ts";
import { qwen } from "../src/agents/qwen.ts";
import {
  type AgentReader,
  type AgentRoot,
  exportSideFiles,
  findTranscripts,
  importTranscripts,
  sessionIdOf,
} from "../src/index.ts";
import { CLAUDE, GEMINI, GEMINI_DOCUMENT, PI, QWEN, SESSION } from "./fixtures.ts";
import { openStore, tempFolder } from "./places.ts";
import { entriesOf, exported, importOne, lines } from "./round-trip.ts";

/** Writes these files below a new folder. */
function tree(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = tempFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

/** As it is written here, on every system. */
function within(root: string, path: string): string {
  return path.slice(root.length + 1).replaceAll("\\", "/");
}

const PROJECT = "projects/-home-ada-engine";
const TRANSCRIPT = `${PROJECT}/${SESSION}.jsonl`;
const SUB_AGENT = `${PROJECT}/${SESSION}/subagents/agent-77.jsonl`;

describe("Claude Code", () => {
  const FILES = {
    [TRANSCRIPT]: lines(...CLAUDE),
    [SUB_AGENT]: lines({ ...CLAUDE[2], isSidechain: true, agentId: "77" }),
    [`${PROJECT}/${SESSION}/subagents/agent-77.meta.json`]: '{ "agentType": "general" }\n',
    [`${PROJECT}/${SESSION}/subagents/workflows/w1/agent-78.jsonl`]: lines(CLAUDE[3] as object),
    [`${PROJECT}/${SESSION}/subagents/workflows/w1/journal.jsonl`]: lines({ type: "started" }),
    [`${PROJECT}/${SESSION}/tool-results/r1.txt`]: Buffer.from([0xff, 0x0a]),
    [`${PROJECT}/agent-99.jsonl`]: lines({ ...CLAUDE[2], agentId: "99" }),
    ".credentials.json": "{}",
    "history.jsonl": lines({ display: "not a session" }),
  };

  test("sessions, sub-agents of both layouts, and what lies beside them", async () => {
    const store = await openStore();
    const root = tree(FILES);
    const reports = await importTranscripts(store, claudeCode, [root]);
    const results = reports.map(({ path, result }) => `${within(root, path)} ${result}`);
    const paths = [TRANSCRIPT, SUB_AGENT, `${PROJECT}/${SESSION}/subagents/workflows/w1/agent-78.jsonl`];
    expect(results.sort()).toEqual(
      [...paths, `${PROJECT}/agent-99.jsonl`].map((path) => `${path} new`).sort(),
    );
    for (const nativeId of ["agent-77", "agent-78", "agent-99"]) {
      const id = sessionIdOf("claude-code", { nativeId, parentId: SESSION });
      expect((await store.head(id)).metadata.parentSession).toBe(SESSION);
    }

    const written: Record<string, Buffer> = {};
    const subAgent = sessionIdOf("claude-code", { nativeId: "agent-77", parentId: SESSION });
    for (const id of [SESSION, subAgent]) {
      const file = await exported(store, id);
      written[file.path] = file.bytes;
      for await (const side of exportSideFiles(store, id)) {
        const { exact } = await side.write(async (bytes) => {
          written[side.path] = Buffer.from(bytes);
        });
        expect(exact).toBe(true);
      }
    }
    const wanted = Object.entries(FILES).filter(([path]) => !/agent-(78|99)|cred|history/.test(path));
    expect(written).toEqual(Object.fromEntries(wanted.map(([path, text]) => [path, Buffer.from(text)])));

    const again = await importTranscripts(store, claudeCode, [root]);
    expect(again.every(({ result }) => result === "unchanged")).toBe(true);
    expect(again.reduce((sum, { sideFiles }) => sum + sideFiles.added, 0)).toBe(0);
    writeFileSync(join(root, `${PROJECT}/${SESSION}/tool-results/r1.txt`), "other");
    const changed = await importTranscripts(store, claudeCode, [root]);
    expect(changed.reduce((sum, { sideFiles }) => sum + sideFiles.added, 0)).toBe(1);
    for await (const side of exportSideFiles(store, SESSION))
      expect((await side.write(async () => {})).exact).toBe(true);
    expect(await exported(store, SESSION)).toMatchObject({ exact: true });
  });

  test("what lies beside a session comes back where its entries were taken away", async () => {
    const store = await openStore();
    const root = tree(FILES);
    await importTranscripts(store, claudeCode, [root]);
    await store.truncate(SESSION, 3, { at: 1 });
    await importTranscripts(store, claudeCode, [root]);
    const exact: boolean[] = [(await exported(store, SESSION)).exact];
    for await (const side of exportSideFiles(store, SESSION))
      exact.push((await side.write(async () => {})).exact);
    expect(exact).toEqual([true, true, true]);
  });

  test("a file that is named by itself keeps the place that it is known to have", async () => {
    const store = await openStore();
    const root = tree(FILES);
    await importTranscripts(store, claudeCode, [root]);
    appendFileSync(join(root, TRANSCRIPT), lines({ type: "tag" }));
    await importTranscripts(store, claudeCode, [join(root, TRANSCRIPT)]);
    expect(await exported(store, SESSION)).toMatchObject({ exact: true, path: TRANSCRIPT });
  });

  test("what is too large beside a session is told of, and not taken", async () => {
    const store = await openStore();
    const [report] = await importTranscripts(store, claudeCode, [tree(FILES)], { maxSideFileBytes: 1 });
    expect(report?.sideFiles.skipped).toEqual([
      { path: expect.stringContaining("journal"), reason: expect.stringContaining("more than 1") },
      { path: expect.stringContaining("r1.txt"), reason: expect.stringContaining("more than 1") },
    ]);
  });

  test("a sub-agent that is named by its path knows its session", async () => {
    const { files } = await findTranscripts(claudeCode, join(tree(FILES), SUB_AGENT));
    expect(files).toMatchObject([
      { nativeId: "agent-77", parentId: SESSION, relativePath: `${SESSION}/subagents/agent-77.jsonl` },
    ]);
  });
});

test("where agents keep their histories, and nothing where they are not", async () => {
  const place = { home: "/home/ada", env: {} };
  const at = (reader: AgentReader, env = {}) =>
    reader.roots({ ...place, env }).map(({ path, folders }) => folders.map((folder) => `${path}/${folder}`));
  expect(at(claudeCode)).toEqual([["/home/ada/.claude/projects"]]);
  expect(at(claudeCode, { CLAUDE_CONFIG_DIR: "/c" })).toEqual([["/c/projects"]]);
  expect(at(codex, { CODEX_HOME: "/x" })).toEqual([["/x/sessions", "/x/archived_sessions"]]);
  expect(at(copilot, { COPILOT_HOME: "/p" })).toEqual([["/p/session-state"]]);
  expect(at(pi, { PI_CODING_AGENT_SESSION_DIR: "/s" })).toEqual([["/s/."], ["/home/ada/.pi/agent/sessions"]]);
  expect(at(openclaw, { OPENCLAW_STATE_DIR: "/o" })[0]).toEqual(["/o/agents"]);
  expect(at(gemini)).toEqual([["/home/ada/.gemini/tmp"]]);
  expect(at(gemini, { GEMINI_CLI_HOME: "/g" })).toEqual([["/g/.gemini/tmp"]]);
  expect(at(qwen)).toEqual([["/home/ada/.qwen/projects"]]);
  expect(at(qwen, { QWEN_HOME: "/q" })).toEqual([["/q/projects"]]);
  expect(at(qwen, { QWEN_HOME: "/q", QWEN_RUNTIME_DIR: "/r" })).toEqual([["/r/projects"]]);

  const home = tree({ ".claude/history.jsonl": "{}\n", "own/2026_x.jsonl": lines(...PI) });
  for (const reader of [claudeCode, codex, copilot, openclaw])
    for (const root of reader.roots({ home, env: {} }))
      expect(await findTranscripts(reader, root)).toMatchObject({ files: [], skipped: [] });
  const [own] = pi.roots({ home, env: { PI_CODING_AGENT_SESSION_DIR: join(home, "own") } });
  const { files } = await findTranscripts(pi, own as AgentRoot);
  expect(files).toMatchObject([{ relativePath: "2026_x.jsonl" }]);
});

test("Codex: both folders, and nothing else that lies there", async () => {
  const root = tree({
    "sessions/2026/01/02/rollout-2026-01-02T00-00-00-019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071.jsonl": "{}\n",
    "archived_sessions/rollout-2026-01-01T00-00-00-019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6072.jsonl": "{}\n",
    "sessions/2026/01/02/rollout-x.jsonl.tmp": "",
    "history.jsonl": "{}\n",
    "auth.json": "{}",
  });
  const { files, skipped } = await findTranscripts(codex, root);
  expect(files.map(({ nativeId }) => nativeId.slice(-1))).toEqual(["2", "1"]);
  expect(skipped).toEqual([]);
});

test("pi and OpenClaw", async () => {
  const piRoot = tree({ "sessions/--home-ada--/2026_x.jsonl": lines(...PI) });
  expect((await findTranscripts(pi, piRoot)).files).toMatchObject([
    { nativeId: (PI[0] as { id: string }).id },
  ]);
  const clawRoot = tree({
    "agents/main/sessions/one.jsonl": lines(...PI),
    "agents/main/sessions/one.trajectory.jsonl": "{}\n",
    "agents/main/codex-home/sessions/2026/x.jsonl": "{}\n",
  });
  const { files } = await findTranscripts(openclaw, clawRoot);
  expect(files.map(({ relativePath }) => relativePath)).toEqual(["agents/main/sessions/one.jsonl"]);
});

test("Copilot CLI: both layouts, and what lies beside the events", async () => {
  const other = "11111111-2222-4333-8444-555555555555";
  const root = tree({
    [`session-state/${SESSION}/events.jsonl`]: "{}\n",
    [`session-state/${SESSION}/workspace.yaml`]: "cwd: /\n",
    [`session-state/${SESSION}/checkpoints/1.md`]: "one",
    [`session-state/${SESSION}/session.db`]: "",
    [`session-state/${other}.jsonl`]: "{}\n",
    "session-store.db": "",
    "config.json": "{}",
  });
  const { files, skipped } = await findTranscripts(copilot, root);
  expect(files.map(({ nativeId, sideFiles }) => [nativeId, sideFiles.length])).toEqual([
    [other, 0],
    [SESSION, 2],
  ]);
  expect(skipped).toEqual([]);
});

test("Gemini CLI: both layouts and sub-agents, and nothing else that lies there", async () => {
  const root = tree({
    "tmp/loom/chats/session-2026-07-01T07-00-5e0c9a1b.jsonl": lines(...GEMINI),
    "tmp/loom/chats/session-2025-07-01T07-00-5e0c9a1c.json": GEMINI_DOCUMENT.replace("5e0c9a1b", "5e0c9a1c"),
    [`tmp/loom/chats/${SESSION}/sub.jsonl`]: lines({ sessionId: "sub", kind: "subagent" }),
    "tmp/loom/logs.json": "[]",
    "tmp/loom/checkpoint-x.json": "[]",
    "oauth_creds.json": "{}",
    "settings.json": "{}",
  });
  const { files, skipped } = await findTranscripts(gemini, root);
  expect(files.map(({ nativeId, parentId }) => [nativeId, parentId])).toEqual([
    ["sub", SESSION],
    ["5e0c9a1c-7d21-4b8a-9c55-3f1e2d4c6b7a", undefined],
    ["5e0c9a1b-7d21-4b8a-9c55-3f1e2d4c6b7a", undefined],
  ]);
  expect(skipped).toEqual([]);
  expect((await findTranscripts(gemini, join(root, "tmp", "loom"))).files).toHaveLength(3);
  const [credentials] = (await findTranscripts(gemini, join(root, "oauth_creds.json"))).skipped;
  expect(credentials?.reason).toContain("its name is not one");
});

test("Qwen Code: chats and sub-agents, and nothing else that lies there", async () => {
  const root = tree({
    [`projects/-home-ada/chats/${SESSION}.jsonl`]: lines(...QWEN),
    [`projects/-home-ada/subagents/${SESSION}/agent-1.jsonl`]: lines(...QWEN),
    "projects/-home-ada/other.jsonl": "{}\n",
    "settings.json": "{}",
  });
  const { files, skipped } = await findTranscripts(qwen, root);
  expect(files.map(({ nativeId, parentId }) => [nativeId, parentId])).toEqual([
    [SESSION, undefined],
    ["agent-1", SESSION],
  ]);
  expect(skipped).toEqual([]);
});

describe("what cannot be read is told of, and the rest imported", () => {
  test.skipIf(process.platform === "win32")("links to nothing, pipes, circles of links", async () => {
    const root = tree({ [TRANSCRIPT]: lines(...CLAUDE) });
    symlinkSync("/nowhere/at/all", join(root, PROJECT, "dangling.jsonl"));
    symlinkSync(join(root, "projects"), join(root, PROJECT, "circle"));
    execFileSync("mkfifo", [join(root, PROJECT, "pipe.jsonl")]);
    const store = await openStore();
    const reports = await importTranscripts(store, claudeCode, [root]);
    expect(reports.map(({ path, result }) => [within(root, path), result])).toEqual([
      [TRANSCRIPT, "new"],
      [`${PROJECT}/dangling.jsonl`, "failed"],
      [`${PROJECT}/pipe.jsonl`, "failed"],
    ]);
    expect(reports[1]?.reason).toContain("not there");
    expect(reports[2]?.reason).toContain("no regular file");
  });

  test("empty files, and those with other names", async () => {
    const store = await openStore();
    const root = tree({ [TRANSCRIPT]: "", "notes.md": "hello" });
    const reports = await importTranscripts(store, claudeCode, [
      root,
      join(root, "notes.md"),
      join(root, "no"),
    ]);
    expect(reports.map(({ result, reason }) => `${result}: ${reason}`)).toEqual([
      expect.stringMatching(/^failed: it is not there/),
      "failed: its name is not one that Claude Code gives to a transcript",
      "skipped: it is empty",
    ]);
    expect((await store.list()).items).toEqual([]);
  });

  test("files that were not changed since are skipped", async () => {
    const store = await openStore();
    const root = tree({ [TRANSCRIPT]: lines(...CLAUDE) });
    const reports = await importTranscripts(store, claudeCode, [root], { since: Date.now() + 60_000 });
    expect(reports).toMatchObject([{ result: "skipped" }]);
  });
});

test("a path in a session that leads out of the folder is not followed", async () => {
  const store = await openStore();
  const root = tree({ [TRANSCRIPT]: lines(...CLAUDE) });
  const { sessionId } = await importOne(store, claudeCode, join(root, TRANSCRIPT));
  const { source, ...context } = (await store.head(sessionId)).context;
  for (const path of ["../../etc/passwd", "/etc/passwd", "C:/x", "a\\..\\b", "a/./b", "a\u0000b"]) {
    await store.update(
      sessionId,
      { setContext: { ...context, source: { ...(source as object), path } } },
      { at: 1 },
    );
    expect((await exported(store, sessionId)).path).toBe(`${sessionId}.jsonl`);
  }
  expect(await entriesOf(store, sessionId)).toHaveLength(CLAUDE.length + 1);
});
