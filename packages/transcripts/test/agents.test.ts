// Longer than most files: a table of records and what becomes of them, agent by agent.
import type { SessionStore } from "@thulp-sessions/core";
import { describe, expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { copilot } from "../src/agents/copilot.ts";
import { gemini } from "../src/agents/gemini.ts";
import { openclaw, pi } from "../src/agents/pi.ts";
import { qwen } from "../src/agents/qwen.ts";
import { sessionIdOf } from "../src/index.ts";
import {
  CLAUDE,
  CODEX,
  COPILOT,
  COPILOT_SESSION,
  GEMINI,
  GEMINI_DOCUMENT,
  GEMINI_SESSION,
  PI,
  PI_SESSION,
  QWEN,
  QWEN_SESSION,
  SESSION,
  THREAD,
} from "./fixtures.ts";
import { imported, typesOf } from "./imported.ts";
import { openStore } from "./places.ts";
import { entriesOf, fileWith, importOne, lines } from "./round-trip.ts";

describe("Claude Code", () => {
  test("a session: entries, calls by their ids, name, tags, times", async () => {
    const { report, types, metadata, context, entries } = await imported(
      claudeCode,
      `${SESSION}.jsonl`,
      CLAUDE,
    );
    expect(types).toEqual([
      "claude-code:permission-mode",
      "user_message",
      "user_message",
      "assistant_message",
      "Bash true",
      "Read false",
      "assistant_message",
      "skill counting true",
      "system_message",
      "claude-code:system/turn_duration",
      "claude-code:attachment/brand_new",
      "claude-code:ai-title",
    ]);
    expect(metadata).toEqual({
      id: SESSION,
      name: "Counting cogs",
      sessionType: { type: "agent", agentName: "claude-code" },
      createdAt: Date.parse("2026-03-01T09:00:00Z"),
      updatedAt: Date.parse("2026-03-01T09:00:07Z"),
      status: "completed",
      tags: ["agent:claude-code", "project:/home/ada/engine", "branch:main"],
      parentSession: null,
    });
    expect(context["source"]).toEqual({
      agent: "claude-code",
      nativeId: SESSION,
      path: `${SESSION}.jsonl`,
      cwd: "/home/ada/engine",
      gitBranch: "main",
      versions: ["2.1.200"],
    });
    // What comes before the first record with a time has that time.
    expect(entries[0]).toMatchObject({
      timestamp: Date.parse("2026-03-01T09:00:00Z"),
      content: { source: { timeFrom: "neighbour" } },
    });
    expect(entries[3]).toMatchObject({
      timestamp: Date.parse("2026-03-01T09:00:02Z"),
      content: { source: { agent: "claude-code", session: SESSION, recordId: "a1" }, record: CLAUDE[3] },
    });
    // The second result of a record points at the entry that holds it.
    expect(entries[5]?.content).toEqual({
      source: { agent: "claude-code", session: SESSION, recordId: "u2", part: 1, of: entries[4]?.id },
    });
    expect(report.unknownKinds).toEqual({ "attachment/brand_new": 1 });
  });

  test.each([
    ["customTitle", { type: "custom-title", customTitle: "mine" }, "mine"],
    ["lastPrompt", { type: "last-prompt", lastPrompt: "go on" }, "go on"],
    ["summary", { type: "summary", summary: "in short" }, "in short"],
  ])("the name is by precedence: %s", async (_, record, name) => {
    const withoutTitle = CLAUDE.slice(0, -1);
    const before = await imported(claudeCode, `${SESSION}.jsonl`, withoutTitle);
    expect(before.metadata.name).toBe("Count the cogs please");
    const { metadata } = await imported(claudeCode, `${SESSION}.jsonl`, [...withoutTitle, record]);
    expect(metadata.name).toBe(name);
  });

  test("of several titles the agent's own order counts, not that of the file", async () => {
    const titles = [
      { type: "custom-title", customTitle: "custom" },
      { type: "ai-title", aiTitle: "ai" },
      { type: "last-prompt", lastPrompt: "last" },
      { type: "summary", summary: "summary" },
      CLAUDE[2] as object,
    ];
    for (const [i, name] of ["custom", "ai", "last", "summary", "Count the cogs please"].entries())
      expect((await imported(claudeCode, "a.jsonl", titles.slice(i))).metadata.name).toBe(name);
    const twice = [...titles, { type: "custom-title", customTitle: "newer" }];
    expect((await imported(claudeCode, "a.jsonl", twice)).metadata.name).toBe("newer");
  });

  test("a session in which only commands were given is named by the first that asks for something", async () => {
    const command = (name: string, args: string) => ({
      ...CLAUDE[1],
      message: {
        role: "user",
        content: `<command-name>${name}</command-name>\n<command-args>${args}</command-args>`,
      },
    });
    const nameOf = async (...records: readonly object[]) =>
      (await imported(claudeCode, "a.jsonl", records)).metadata.name;
    expect(await nameOf(command("/clear", ""), command("/review", "PR  7"))).toBe("/review PR 7");
    expect(await nameOf(command("/review", "PR 7"), CLAUDE[2] as object)).toBe("Count the cogs please");
    expect(await nameOf(command("/clear", ""))).toBe("Claude Code");
  });

  test("a fork is linked with the session that it comes from", async () => {
    const from = "11111111-2222-4333-8444-555555555555";
    const { metadata, context } = await imported(claudeCode, `${SESSION}.jsonl`, [
      { ...CLAUDE[2], forkedFrom: { sessionId: from, messageUuid: "m7" } },
    ]);
    expect(metadata.parentSession).toBe(from);
    expect(context["source"]).toMatchObject({ fork: { nativeId: from, at: "m7" } });
  });

  test("a fork of the command is known by the replies that were asked for in another session", async () => {
    const from = "11111111-2222-4333-8444-555555555555";
    const reply = (uuid: string, requestSessionId?: string) => ({ ...CLAUDE[3], uuid, requestSessionId });
    const { metadata, context } = await imported(claudeCode, `${SESSION}.jsonl`, [
      reply("m6", from),
      reply("m7", from),
      reply("m8"),
      reply("m9", SESSION),
    ]);
    expect(metadata.parentSession).toBe(from);
    expect(context["source"]).toMatchObject({ fork: { nativeId: from, at: "m7" } });
    const own = await imported(claudeCode, `${SESSION}.jsonl`, [reply("m8"), reply("m9", SESSION)]);
    expect(own.metadata.parentSession).toBeNull();
  });

  test("what the program says in the place of the user is no message of the user", async () => {
    const user = (content: string, more: object = {}) => ({
      ...CLAUDE[2],
      uuid: content,
      message: { role: "user", content },
      ...more,
    });
    const { types } = await imported(claudeCode, "a.jsonl", [
      user("Oil them", { origin: { kind: "human" }, rowSource: "local" }),
      user("<task-notification>\n<status>completed</status>", { origin: { kind: "task-notification" } }),
      user("[Request interrupted by user]", { rowSource: "harness" }),
      user("<local-command-stdout>Compacted</local-command-stdout>", { rowSource: "local" }),
    ]);
    expect(types).toEqual(["user_message", "system_message", "system_message", "system_message"]);
  });

  test("a session is cancelled where its last turn was interrupted", async () => {
    const interrupted = {
      ...CLAUDE[2],
      uuid: "i",
      message: {
        role: "user",
        content: [{ type: "text", text: "[Request interrupted by user for tool use]" }],
      },
    };
    const statusOf = async (...records: readonly object[]) =>
      (await imported(claudeCode, "a.jsonl", records)).metadata.status;
    const [prompt, reply] = [CLAUDE[2] as object, CLAUDE[3] as object];
    expect(await statusOf(prompt, reply, interrupted, { type: "last-prompt", lastPrompt: "x" })).toBe(
      "cancelled",
    );
    expect(await statusOf(prompt, interrupted, { ...prompt, uuid: "again" }, reply)).toBe("completed");
  });
});

describe("Codex", () => {
  test("a thread: the items of the model are the messages, what repeats them are events", async () => {
    const { types, metadata, entries, context, report } = await imported(
      codex,
      `rollout-2026-04-02T11-59-59-${THREAD}.jsonl`,
      CODEX,
    );
    expect(types).toEqual([
      "codex:session_meta",
      "system_message",
      "codex:event_msg/user_message",
      "user_message",
      "assistant_message",
      "assistant_message",
      "codex:event_msg/exec_command_end",
      "shell false",
      "assistant_message",
      "apply_patch true",
      "assistant_message",
      "codex:event_msg/agent_message",
      "codex:event_msg/task_complete",
      "codex:event_msg/never_seen",
    ]);
    expect(metadata).toMatchObject({
      id: THREAD,
      name: "Weave it",
      createdAt: Date.parse("2026-04-02T09:59:59Z"),
      updatedAt: Date.parse("2026-04-02T10:00:09Z"),
      status: "completed",
      tags: ["agent:codex", "project:/home/ada/loom", "branch:warp"],
    });
    expect(context["source"]).toMatchObject({
      gitRemote: "https://example.invalid/loom",
      versions: ["0.144.0"],
    });
    // Nothing says whether the patch was applied.
    expect(entries[9]?.content).toMatchObject({ outcome: "unstated" });
    expect(entries[7]?.content).not.toHaveProperty("outcome");
    expect(report.unknownKinds).toEqual({ "event_msg/never_seen": 1 });
  });

  test("a file of 2025 has no envelopes", async () => {
    const types = await typesOf(
      codex,
      { id: THREAD, timestamp: "2025-05-01T00:00:00Z", instructions: null },
      { record_type: "state" },
      { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] },
      { type: "function_call", name: "shell", call_id: "c", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: '{"output":"","metadata":{"exit_code":1}}' },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "ho" }] },
    );
    expect(types).toEqual([
      "codex:session_meta",
      "codex:state",
      "user_message",
      "assistant_message",
      "shell false",
      "assistant_message",
    ]);
  });

  test("in a file with pages completed items are the messages, unless the items of the model are there", async () => {
    const meta = { type: "session_meta", payload: { id: THREAD, history_mode: "paginated" } };
    const developer = { type: "response_item", payload: { type: "message", role: "developer", content: [] } };
    const completed = (type: string) => ({
      type: "event_msg",
      payload: { type: "item_completed", item: { type, id: "i", content: [{ type: "text", text: "t" }] } },
    });
    const command = {
      type: "event_msg",
      payload: { type: "item_completed", item: { type: "CommandExecution", id: "c", exit_code: 3 } },
    };
    const output = { type: "response_item", payload: { type: "custom_tool_call_output", call_id: "c" } };
    expect(
      await typesOf(
        codex,
        meta,
        developer,
        completed("UserMessage"),
        completed("AgentMessage"),
        command,
        output,
      ),
    ).toEqual([
      "codex:session_meta",
      "system_message",
      "user_message",
      "assistant_message",
      "codex:event_msg/item_completed/CommandExecution",
      "unknown false",
    ]);
    const item = {
      type: "response_item",
      payload: { type: "message", role: "user", content: [{ type: "input_text", text: "t" }] },
    };
    expect(await typesOf(codex, meta, item, completed("UserMessage"))).toEqual([
      "codex:session_meta",
      "user_message",
      "codex:event_msg/item_completed/UserMessage",
    ]);
  });

  test("of equal call ids the last call before the result counts", async () => {
    const call = (name: string) => ({
      type: "response_item",
      payload: { type: "function_call", name, call_id: "same" },
    });
    const output = {
      type: "response_item",
      payload: { type: "function_call_output", call_id: "same", output: "Process exited with code 0\n" },
    };
    expect(await typesOf(codex, call("one"), output, call("two"), output)).toEqual([
      "assistant_message",
      "one true",
      "assistant_message",
      "two true",
    ]);
  });

  test("sub-agents, forks, segments and aborted turns", async () => {
    const parent = "019a2b3c-0000-7f60-8a1b-2c3d4e5f6071";
    const meta = (more: object) => ({ type: "session_meta", payload: { id: THREAD, ...more } });
    const other = { type: "session_meta", payload: { id: parent, forked_from_id: THREAD, cwd: "/other" } };
    const spawned = meta({
      source: { subagent: { thread_spawn: { parent_thread_id: parent } } },
      cwd: "/own",
    });
    const name = `rollout-2026-04-02T11-59-59-${THREAD}.jsonl`;
    // The session_meta of the parent is copied, too: only the first one is the file's own.
    const subAgent = await imported(codex, name, [spawned, other]);
    expect(subAgent.metadata).toMatchObject({ id: THREAD, parentSession: parent });
    expect(subAgent.context["source"]).toMatchObject({ cwd: "/own" });
    expect(subAgent.context["source"]).not.toHaveProperty("fork");
    const fork = await imported(codex, name, [meta({ forked_from_id: parent })]);
    expect(fork.metadata.parentSession).toBe(parent);
    const segment = await imported(codex, name.replace(".jsonl", `_${parent}.jsonl`), [meta({})]);
    expect(segment.metadata.id).toBe(sessionIdOf("codex", { nativeId: parent, parentId: THREAD }));
    expect(segment.metadata.parentSession).toBe(THREAD);
    const aborted = { type: "event_msg", payload: { type: "turn_aborted", reason: "interrupted" } };
    expect((await imported(codex, name, [meta({}), aborted])).metadata.status).toBe("cancelled");
  });

  test("a sub-agent has the name of its task, and what other agents write to it is not its own", async () => {
    const spawned = { subagent: { thread_spawn: { parent_thread_id: "p", agent_path: "/root/oil_cogs" } } };
    const message = (role: string, text: string) => ({
      type: "response_item",
      payload: { type: "message", role, content: [{ type: "input_text", text }] },
    });
    const told = (author: string | undefined, recipient: string) => ({
      type: "response_item",
      payload: {
        type: "agent_message",
        author,
        recipient,
        content: [{ type: "input_text", text: recipient }],
      },
    });
    const { types, metadata } = await imported(codex, `rollout-2026-04-02T11-59-59-${THREAD}.jsonl`, [
      { type: "session_meta", payload: { id: THREAD, source: spawned } },
      // Copied from its parent.
      message("user", "Weave it"),
      told("/root", "/root/oil_cogs"),
      told("/root/oil_cogs", "/root"),
      told(undefined, "/root"),
    ]);
    expect(metadata.name).toBe("oil_cogs");
    expect(types.slice(2)).toEqual(["system_message", "assistant_message", "assistant_message"]);
    const parent = await imported(codex, "rollout-x.jsonl", [
      { type: "session_meta", payload: { id: THREAD, source: "cli" } },
      told("/root/oil_cogs", "/root"),
    ]);
    expect(parent.types[1]).toBe("system_message");
  });

  test("a patch that did not fit has failed", async () => {
    const item = (payload: object) => ({ type: "response_item", payload });
    const { types, entries } = await imported(codex, "rollout-x.jsonl", [
      item({ type: "custom_tool_call", name: "apply_patch", call_id: "c", input: "p" }),
      item({
        type: "custom_tool_call_output",
        call_id: "c",
        output: "apply_patch verification failed: Failed to find expected lines in /a",
      }),
    ]);
    expect(types[1]).toBe("apply_patch false");
    expect(entries[1]?.content).not.toHaveProperty("outcome");
  });
});

describe("pi", () => {
  test("a session", async () => {
    const { types, metadata } = await imported(pi, "2026-05-03T11-00-00-000Z_x.jsonl", PI);
    expect(types).toEqual([
      "pi:session",
      "user_message",
      "assistant_message",
      "read false",
      "bash true",
      "system_message",
      "pi:session_info",
    ]);
    expect(metadata).toMatchObject({
      id: PI_SESSION,
      name: "Sums",
      tags: ["agent:pi", "project:/home/ada/pi"],
    });
  });

  test("the id of a record counts from version 2 on: before it they are random", async () => {
    const records = [
      { type: "session", id: PI_SESSION },
      { type: "message", id: "r", message: { role: "user" } },
    ];
    const { entries } = await imported(pi, "a.jsonl", records);
    expect(entries[1]?.content).not.toHaveProperty("source.recordId");
  });

  test("a fork is linked by the id in the path of its parent", async () => {
    const path = `/gone/sessions/2026_${THREAD}.jsonl`;
    const { metadata } = await imported(pi, "a.jsonl", [{ ...PI[0], parentSession: path }]);
    expect(metadata.parentSession).toBe(THREAD);
  });

  test("OpenClaw has the same records under its own name", async () => {
    const { types, metadata } = await imported(openclaw, "a.jsonl", PI);
    expect(types[0]).toBe("openclaw:session");
    expect(metadata.tags).toContain("agent:openclaw");
  });
});

describe("Copilot CLI", () => {
  test("a session: what failed says so, calls have the names that they were begun with", async () => {
    const { types, metadata, context, report } = await imported(copilot, "events.jsonl", COPILOT);
    expect(types).toEqual([
      "copilot:session.start",
      "system_message",
      "user_message",
      "assistant_message",
      "copilot:tool.execution_start",
      "view false",
      "skill sewing true",
      "copilot:session.from_tomorrow",
      "copilot:abort",
    ]);
    expect(metadata).toMatchObject({
      id: COPILOT_SESSION,
      name: "Hem it",
      status: "cancelled",
      createdAt: Date.parse("2026-06-01T08:00:00Z"),
      tags: ["agent:copilot", "project:/home/ada/hem", "branch:main"],
    });
    expect(context["source"]).toMatchObject({ versions: ["1.0.78"] });
    expect(report.unknownKinds).toEqual({ "session.from_tomorrow": 1 });
  });

  test("what an agent asks of its sub-agent is no message of the user", async () => {
    const asked = (source?: string) => ({
      type: "user.message",
      id: `asked ${source}`,
      data: { content: `Hem for ${source}`, source },
    });
    const agent = asked(`agent-${COPILOT_SESSION}`);
    const { types, metadata } = await imported(copilot, "events.jsonl", [agent, asked(), asked("skill-x")]);
    expect(types).toEqual(["system_message", "user_message", "user_message"]);
    expect(metadata.name).toBe("Hem for undefined");
  });
});

describe("Gemini CLI", () => {
  test("lines: a message that is written again is an update, each result is an entry once", async () => {
    const { types, metadata, context, entries, report } = await imported(gemini, "session-1.jsonl", GEMINI);
    expect(types).toEqual([
      "gemini:session",
      "system_message",
      "user_message",
      "assistant_message",
      "read_file true",
      "gemini:$set",
      "gemini:update",
      "run_shell_command false",
      "gemini:$rewindTo",
      "gemini:$set",
    ]);
    expect(metadata).toMatchObject({
      id: GEMINI_SESSION,
      name: "Tempering",
      createdAt: Date.parse("2026-07-01T07:00:00Z"),
      updatedAt: Date.parse("2026-07-01T07:00:06Z"),
      tags: ["agent:gemini"],
    });
    expect(context["source"]).toMatchObject({ nativeId: GEMINI_SESSION, path: "session-1.jsonl" });
    expect(entries[4]?.content).toMatchObject({ source: { recordId: "g3", part: 1, of: entries[3]?.id } });
    expect(report.unknownKinds).toEqual({});
  });

  test("a document: an entry for each message, and one for what stands around them", async () => {
    const { types, metadata, entries, context, report } = await imported(
      gemini,
      "session-2.json",
      GEMINI_DOCUMENT,
    );
    expect(types).toEqual([
      "system_message",
      "user_message",
      "assistant_message",
      "read_file true",
      "gemini:info",
      "gemini:hologram",
      "gemini:session",
    ]);
    expect(metadata).toMatchObject({
      id: GEMINI_SESSION,
      name: "Temper it",
      createdAt: Date.parse("2026-07-01T07:00:00Z"),
      updatedAt: Date.parse("2026-07-01T07:00:09Z"),
    });
    // How it is formatted takes a few bytes, not the text a second time.
    const { source, ...kept } = (entries[1] as (typeof entries)[number]).content as { source: object };
    expect(source).toEqual({ agent: "gemini", session: GEMINI_SESSION, recordId: "g2" });
    expect(kept).toEqual({
      record: JSON.parse(GEMINI_DOCUMENT).messages[1],
      indent: { unit: "  ", base: "    " },
    });
    expect(entries.at(-1)?.content).toMatchObject({
      source: { head: true },
      record: { sessionId: GEMINI_SESSION, messages: [] },
    });
    expect(context["import"]).toMatchObject({ document: { separator: ",\n    " } });
    expect(report.bytes).toMatchObject({ records: Buffer.byteLength(GEMINI_DOCUMENT), raw: 0, tail: 0 });
    expect(report.unknownKinds).toEqual({ hologram: 1 });
  });

  test("a sub-agent lies in the folder of its session", async () => {
    const found = gemini.recognize(`tmp/p/chats/${GEMINI_SESSION}/other.jsonl`);
    expect(found).toEqual({ type: "transcript", nativeId: "other", parentId: GEMINI_SESSION });
  });
});

describe("Qwen Code", () => {
  test("a session", async () => {
    const { types, metadata, entries, context, report } = await imported(qwen, `${QWEN_SESSION}.jsonl`, QWEN);
    expect(types).toEqual([
      "user_message",
      "assistant_message",
      "read_file false",
      "glob true",
      "edit true",
      "system_message",
      "qwen:system/custom_title",
      "qwen:system/aurora",
    ]);
    expect(metadata).toMatchObject({
      id: QWEN_SESSION,
      name: "Firing",
      tags: ["agent:qwen", "project:/home/ada/kiln", "branch:glaze"],
    });
    expect(entries[2]?.content).not.toHaveProperty("outcome");
    expect(entries[3]?.content).toMatchObject({ outcome: "unstated" });
    expect(context["source"]).toMatchObject({ versions: ["0.21.6"] });
    expect(report.unknownKinds).toEqual({ "system/aurora": 1 });
  });

  test("without a title the name is what the user has seen of the prompt", async () => {
    const { metadata } = await imported(qwen, "a.jsonl", QWEN.slice(0, 2));
    expect(metadata.name).toBe("Fire it");
  });
});

test("a session that is there and did not come from the agent is left alone", async () => {
  const store: SessionStore = await openStore();
  const foreign = { id: SESSION, name: "mine", status: "active", tags: [], parentSession: null } as const;
  const sessionType = { type: "conversation", purpose: "own" } as const;
  const metadata = { ...foreign, sessionType, createdAt: 1, updatedAt: 1 } as never;
  const before = await store.create({ metadata, entries: [], context: {} });
  const path = fileWith(lines(...CLAUDE), `${SESSION}.jsonl`);
  const { sessionId } = await importOne(store, claudeCode, path);
  expect(sessionId).not.toBe(SESSION);
  expect(await store.head(SESSION)).toEqual(before);
  expect((await importOne(store, claudeCode, path)).result).toBe("unchanged");
  expect(await entriesOf(store, sessionId)).toHaveLength(CLAUDE.length + 1);
});
