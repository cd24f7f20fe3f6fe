// Longer than most files: what each agent says of tokens and costs, and how it repeats itself.
import { writeFileSync } from "node:fs";
import type { SessionSummary } from "@thulp-sessions/core/view";
import { describe, expect, test } from "vitest";
import { atif } from "../src/agents/atif.ts";
import { claudeCode } from "../src/agents/claude-code.ts";
import { cline } from "../src/agents/cline.ts";
import { codex } from "../src/agents/codex.ts";
import { copilot } from "../src/agents/copilot.ts";
import { gemini } from "../src/agents/gemini.ts";
import { goose } from "../src/agents/goose.ts";
import { opencode } from "../src/agents/opencode.ts";
import { pi } from "../src/agents/pi.ts";
import { qwen } from "../src/agents/qwen.ts";
import { LIST_PRICES } from "../src/list-prices.ts";
import { imported } from "./imported.ts";
import { openStore } from "./places.ts";
import { readFile, readSession, spent } from "./read-view.ts";
import { fileWith, importOne } from "./round-trip.ts";

describe("Claude Code", () => {
  const reply = (
    id: string,
    requestId: string | undefined,
    output: number,
    block: object,
    more: object = {},
  ): object => ({
    type: "assistant",
    uuid: `${id} ${output} ${JSON.stringify(block)}`,
    timestamp: "2026-03-01T09:00:00Z",
    requestId,
    message: {
      id,
      role: "assistant",
      model: "priced-1",
      content: [block],
      usage: {
        input_tokens: 10,
        output_tokens: output,
        cache_read_input_tokens: 100,
        cache_creation_input_tokens: 30,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
        ...more,
      },
    },
  });
  const text = (said: string) => ({ type: "text", text: said });

  test("counts a request once, by its last line, though each block repeats what it cost so far", async () => {
    const { summary } = await readFile(claudeCode, [
      reply("m1", "r1", 1, text("a")),
      reply("m1", "r1", 5, text("b")),
      reply("m1", "r1", 8, { type: "tool_use", id: "t", name: "Bash", input: {} }),
      reply("m2", "r2", 2, text("c")),
      // The same message for another request is another one; without a request it counts by itself.
      reply("m2", "r3", 4, text("d")),
      reply("m3", undefined, 1, text("e")),
      reply("m3", undefined, 3, text("f")),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 4, 40/400/120/17, $0.000577"]);
    expect(summary.models[0]?.tokens.cacheWriteHour).toBe(80);
  });

  test("asks no price for what no model was asked, and knows none for what is not paid as usual", async () => {
    const { summary } = await readFile(claudeCode, [
      {
        type: "assistant",
        uuid: "s",
        message: { id: "s", model: "<synthetic>", usage: { input_tokens: 9 } },
      },
      reply("m1", "r1", 1, text("a"), { speed: "fast" }),
      reply("m2", "r2", 1, text("b"), { service_tier: "batch" }),
      reply("m3", "r3", 1, text("c"), { service_tier: "standard", speed: "standard" }),
    ]);
    expect(summary.cost).toMatchObject({ knownRequests: 1, unknownRequests: 2 });
    expect(summary.models).toHaveLength(1);
  });

  test("a fork says what it has copied; one that does not is known by its requests", async () => {
    const forked = { forkedFrom: { sessionId: "p", messageUuid: "m" } };
    const { summary } = await readFile(claudeCode, [
      { ...reply("m1", "r1", 1, text("a")), ...forked },
      reply("m2", "r2", 2, text("b")),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 1, 10/100/30/2, $0.000142"]);
    expect(summary.copied).toEqual({ entries: 1, requests: 0 });
    const asked = (sessionId: string, requestSessionId?: string) => ({ sessionId, requestSessionId });
    const byCommand = await readFile(claudeCode, [
      { ...reply("m1", "r1", 1, text("a")), ...asked("own", "p") },
      { ...reply("m2", "r2", 2, text("b")), ...asked("own") },
      { ...reply("m3", "r3", 3, text("c")), ...asked("own", "own") },
    ]);
    expect(spent(byCommand.summary)).toEqual(["priced-1: 2, 20/200/60/5, $0.000285"]);
    expect(byCommand.summary.copied).toEqual({ entries: 1, requests: 0 });
    const [parent, child] = await Promise.all([
      readFile(claudeCode, [reply("m1", "r1", 1, text("a"))]),
      readFile(claudeCode, [reply("m1", "r1", 1, text("a")), reply("m9", "r9", 1, text("b"))]),
    ]);
    const elsewhere = new Set<string>();
    expect(parent.tally.summary(elsewhere).copied.requests).toBe(0);
    expect(child.tally.summary(elsewhere)).toMatchObject({
      copied: { requests: 1 },
      models: [{ requests: 1 }],
    });
  });

  test("names the files that calls have written, where they have succeeded", async () => {
    const call = (id: string, name: string, input: object) =>
      reply("m", id, 1, { type: "tool_use", id, name, input });
    const result = (id: string, more: object = {}) => ({
      type: "user",
      uuid: `u ${id}`,
      message: { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "", ...more }] },
    });
    const { summary } = await readFile(claudeCode, [
      call("1", "Edit", { file_path: "/a" }),
      result("1"),
      call("2", "Write", { file_path: "/b" }),
      result("2", { is_error: true }),
      call("3", "Read", { file_path: "/c" }),
      result("3"),
      call("4", "NotebookEdit", { notebook_path: "/d" }),
      result("4"),
      call("5", "Write", { file_path: "/never-ended" }),
      call("6", "mcp__files__write_file", { path: "/e" }),
      result("6"),
    ]);
    expect(summary.files).toEqual(["/a", "/d", "/e"]);
    expect(summary.tools).toContainEqual({ name: "Write", calls: 1, failed: 1, unstated: 0 });
  });
});

describe("Codex", () => {
  const THREAD = "019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071";
  const PARENT = "019a2b3c-0000-7f60-8a1b-2c3d4e5f6071";
  const OLD_TURN = "019a2b3c-1000-7f60-8a1b-2c3d4e5f6071";
  const OWN_TURN = "019a2b3c-9000-7f60-8a1b-2c3d4e5f6071";
  const line = (second: number, type: string, payload: object) => ({
    timestamp: new Date(Date.parse("2026-04-02T10:00:00Z") + second * 1000).toISOString(),
    type,
    payload,
  });
  const usage = (input: number, cached: number, output: number, reasoning = 0) => ({
    input_tokens: input,
    cached_input_tokens: cached,
    output_tokens: output,
    reasoning_output_tokens: reasoning,
    total_tokens: input + output,
  });
  const count = (second: number, total: object | null, last?: object) =>
    line(second, "event_msg", {
      type: "token_count",
      info: total && { total_token_usage: total, ...(last ? { last_token_usage: last } : {}) },
    });
  const turn = (second: number, model: string, turn_id?: string) =>
    line(second, "turn_context", { model, turn_id });
  const meta = (id: string, more: object = {}) => line(0, "session_meta", { id, ...more });
  const said = (second: number) =>
    line(second, "response_item", {
      type: "message",
      role: "user",
      content: [{ type: "input_text", text: `Weave ${second}` }],
    });

  test("counts all so far, again and again: what was added counts, for the model of the turn", async () => {
    const { summary } = await readFile(codex, [
      meta(THREAD),
      turn(1, "priced-1"),
      count(2, null),
      count(3, usage(100, 80, 10, 4)),
      count(4, usage(100, 80, 10, 4)),
      turn(5, "other"),
      count(6, usage(250, 180, 30, 9)),
    ]);
    expect(spent(summary)).toEqual(["other: 1, 50/100/0/20, unknown", "priced-1: 1, 20/80/0/10, $0.00011"]);
    expect(summary.tokens.reasoning).toBe(9);
  });

  test("begins again where the count does", async () => {
    const { summary } = await readFile(codex, [
      meta(THREAD),
      turn(1, "priced-1"),
      count(2, usage(100, 0, 10)),
      count(3, usage(40, 0, 5)),
      count(4, usage(60, 0, 6)),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 3, 160/0/0/16, $0.000176"]);
  });

  test.each([
    ["that says so", { forked_from_id: PARENT }],
    ["that has the facts of its parent behind its own", {}],
  ])("a fork %s begins with the count of its parent, and with its turns and calls", async (_, more) => {
    const output = (call_id: string) =>
      line(2, "response_item", { type: "function_call_output", call_id, output: "" });
    const { summary } = await readFile(codex, [
      meta(THREAD, more),
      meta(PARENT),
      turn(0, "priced-1", OLD_TURN),
      said(0),
      line(0, "response_item", { type: "message", role: "assistant", content: [] }),
      output("c1"),
      count(0, usage(1000, 0, 100)),
      turn(0, "priced-1", OWN_TURN),
      said(2),
      line(3, "response_item", { type: "message", role: "assistant", content: [] }),
      output("c2"),
      count(4, usage(1300, 100, 120)),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 1, 200/100/0/20, $0.00032"]);
    expect(summary).toMatchObject({ turns: 1, tools: [{ calls: 1 }], copied: { entries: 6 } });
  });

  test("a fork whose turns have no names of their own is known by the first pause", async () => {
    const { summary } = await readFile(codex, [
      meta(THREAD, { forked_from_id: PARENT }),
      turn(0.1, "priced-1"),
      count(0.9, usage(1000, 0, 100)),
      turn(5, "priced-1"),
      count(6, usage(1100, 0, 110)),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 1, 100/0/0/10, $0.00011"]);
  });

  test("an empty fork has cost nothing", async () => {
    const { summary } = await readFile(codex, [
      meta(THREAD, { forked_from_id: PARENT }),
      turn(0, "priced-1", OLD_TURN),
      count(0, usage(1000, 0, 100)),
    ]);
    expect(spent(summary)).toEqual([]);
  });

  test("of a thread that went on in another file only that file's own requests are known", async () => {
    const name = `rollout-2026-04-02T10-00-00-${PARENT}_${THREAD}.jsonl`;
    const session = await imported(codex, name, [
      meta(PARENT),
      turn(1, "priced-1"),
      count(2, usage(1000, 0, 100), usage(50, 0, 5)),
      count(3, usage(1060, 0, 106), usage(60, 0, 6)),
    ]);
    expect(spent((await readSession(session)).summary)).toEqual(["priced-1: 2, 110/0/0/11, $0.000121"]);
  });

  test("where each request has a record of its own, these count: also that of a turn that was cut off", async () => {
    const request = (second: number, response_id: string, used: object, thread: object) =>
      line(second, "token_usage_record", { response_id, usage: used, thread_token_usage: thread });
    const { summary } = await readFile(codex, [
      meta(THREAD),
      turn(1, "priced-1"),
      // Of a version that wrote only sums.
      count(2, usage(100, 80, 10, 4)),
      request(3, "r1", usage(50, 30, 5, 1), usage(150, 110, 15, 5)),
      count(4, usage(150, 110, 15, 5), usage(50, 30, 5, 1)),
      request(5, "r2", usage(70, 30, 6, 1), usage(220, 140, 21, 6)),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 3, 80/140/0/21, $0.000241"]);
    expect(summary.tokens.reasoning).toBe(6);
  });

  test("a request whose sum stands before its record counts once", async () => {
    const used = usage(100, 80, 10, 4);
    const { summary } = await readFile(codex, [
      meta(THREAD),
      turn(1, "priced-1"),
      count(2, used, used),
      line(3, "token_usage_record", { response_id: "r1", usage: used, thread_token_usage: used }),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 1, 20/80/0/10, $0.00011"]);
  });

  test("a fork that only points at its parent begins with the count of it, too", async () => {
    const base = { forked_from_id: PARENT, history_base: { thread_id: PARENT, end_ordinal_exclusive: 9 } };
    const { summary } = await readFile(codex, [
      meta(THREAD, base),
      turn(1, "priced-1", OWN_TURN),
      said(1),
      count(2, usage(1050, 0, 105), usage(50, 0, 5)),
      count(3, usage(1110, 0, 111), usage(60, 0, 6)),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 2, 110/0/0/11, $0.000121"]);
  });

  test("names the files of patches, each once, where they were applied", async () => {
    const patch = (...files: readonly string[]) =>
      `*** Begin Patch\n${files.map((file) => `*** Update File: ${file}\n@@\n-a\n+b\n`).join("")}*** End Patch`;
    const call = (call_id: string, input: string) =>
      line(1, "response_item", { type: "custom_tool_call", name: "apply_patch", call_id, input });
    const output = (call_id: string, text: string) =>
      line(2, "response_item", { type: "custom_tool_call_output", call_id, output: text });
    const { summary } = await readFile(codex, [
      meta(THREAD),
      call("c1", patch("a.ts", "b.ts")),
      output("c1", "Done"),
      call("c2", patch("c.ts")),
      output("c2", "Exit code: 1\nno such file"),
      call("c3", patch("d.ts")),
      line(2, "event_msg", {
        type: "patch_apply_end",
        call_id: "c3",
        success: true,
        changes: { "/work/d.ts": {} },
      }),
      output("c3", "Done"),
      line(3, "response_item", {
        type: "function_call",
        name: "shell",
        call_id: "c4",
        arguments: JSON.stringify({ command: ["apply_patch", patch("e.ts")] }),
      }),
      line(3, "response_item", { type: "function_call_output", call_id: "c4", output: "Exit code: 0" }),
    ]);
    expect(summary.files).toEqual(["a.ts", "b.ts", "/work/d.ts", "e.ts"]);
  });
});

describe("pi", () => {
  const message = (second: number, usage: object, more: object = {}) => ({
    type: "message",
    id: `0000000${second}`,
    timestamp: `2026-05-03T11:00:0${second}.000Z`,
    message: {
      role: "assistant",
      model: "priced-1",
      content: [],
      timestamp: Date.parse("2026-05-03T11:00:00Z") + second,
      usage,
      ...more,
    },
  });
  const head = (more: object = {}) => ({
    type: "session",
    version: 3,
    id: "s",
    timestamp: "2026-05-03T11:00:00.000Z",
    ...more,
  });

  test("says it of each message; a cost of 0 for tokens is none", async () => {
    const { summary } = await readFile(pi, [
      head(),
      message(1, { input: 10, output: 5, cacheRead: 3, cacheWrite: 2, cost: { total: 0.5 } }),
      message(2, { input: 10, output: 5, cost: { total: 0 } }),
      message(3, { input: 10, output: 5, cost: { total: 0 } }, { model: "own" }),
      // Written again, as a migration does.
      { ...message(2, { input: 10, output: 5, cost: { total: 0 } }), id: "0000000a" },
    ]);
    expect(spent(summary)).toEqual(["priced-1: 2, 20/3/2/10, $0.500015", "own: 1, 10/0/0/5, unknown"]);
  });

  test("a fork begins with what its branch holds", async () => {
    const records = [message(1, { input: 10, output: 5 }), message(4, { input: 20, output: 6 })];
    const fork = head({ timestamp: "2026-05-03T11:00:03.000Z", parentSession: "/x/y_z.jsonl" });
    const { summary } = await readFile(pi, [fork, ...records]);
    expect(spent(summary)).toEqual(["priced-1: 1, 20/0/0/6, $0.000026"]);
    expect(summary.copied.entries).toBe(1);
    expect(spent((await readFile(pi, [head(), ...records])).summary)).toEqual([
      "priced-1: 2, 30/0/0/11, $0.000041",
    ]);
  });
});

test("Copilot CLI: the end of a session says all of it, in place of what each message wrote", async () => {
  const event = (type: string, data: object) => ({ type, data, id: `${type} ${JSON.stringify(data)}` });
  const wrote = (messageId: string, outputTokens: number) =>
    event("assistant.message", { messageId, outputTokens, model: "priced-1", content: "", toolRequests: [] });
  const { summary } = await readFile(copilot, [wrote("a", 3), wrote("b", 4)]);
  expect(spent(summary)).toEqual(["priced-1: 2, 0/0/0/7, unknown"]);
  const usage = { inputTokens: 100, outputTokens: 7, cacheReadTokens: 60, cacheWriteTokens: 10 };
  const ended = await readFile(copilot, [
    wrote("a", 3),
    wrote("b", 4),
    event("session.shutdown", { modelMetrics: { "priced-1": { usage }, other: { usage } } }),
    wrote("c", 9),
  ]);
  expect(spent(ended.summary)).toEqual([
    "priced-1: 3, 30/60/10/16, unknown",
    "other: 1, 30/60/10/7, unknown",
  ]);
});

test("Copilot CLI: where each request has a record of its own, these count, and the sums of all ends do not", async () => {
  const event = (type: string, data: object) => ({ type, data, id: `${type} ${JSON.stringify(data)}` });
  const used = (inputTokens: number, outputTokens: number) => ({
    model: "priced-1",
    inputTokens,
    outputTokens,
    cacheReadTokens: 60,
    cacheWriteTokens: 10,
  });
  const request = (apiCallId: string, inputTokens: number, outputTokens: number) =>
    event("session.usage_record", { usage: { ...used(inputTokens, outputTokens), apiCallId } });
  const wrote = (messageId: string, outputTokens: number) =>
    event("assistant.message", {
      messageId,
      outputTokens,
      model: "priced-1",
      content: "x",
      toolRequests: [],
    });
  const ended = (inputTokens: number, outputTokens: number) =>
    event("session.shutdown", { modelMetrics: { "priced-1": { usage: used(inputTokens, outputTokens) } } });
  const { summary } = await readFile(copilot, [
    request("c1", 100, 7),
    wrote("a", 7),
    ended(100, 7),
    request("c2", 110, 8),
    wrote("b", 8),
    // Says again what was used before the session was resumed.
    ended(210, 15),
    // Stands in none of the sums.
    event("session.compaction_complete", { success: true, compactionTokensUsed: used(90, 5) }),
    ended(210, 15),
  ]);
  expect(spent(summary)).toEqual(["priced-1: 3, 90/180/30/20, $0.00032"]);
});

test("Gemini CLI: the last state of a message counts; what comes from a cache is among the input", async () => {
  const message = (id: string, output: number, total?: number, thoughts = 0) => ({
    id,
    type: "gemini",
    model: "priced-1",
    content: "x",
    tokens: { input: 100, cached: 60, output, thoughts, tool: 5, ...(total && { total }) },
  });
  const { summary } = await readFile(gemini, [
    message("a", 1),
    message("a", 4),
    message("b", 2, 110, 3),
    // Another version counts the thoughts among the output.
    message("c", 5, 110, 3),
    { $rewindTo: "b" },
  ]);
  expect(spent(summary)).toEqual(["priced-1: 3, 135/180/0/14, $0.000329"]);
});

describe("Gemini CLI: a call counts once", () => {
  const call = (id: string, status: string, more = {}) => ({
    id,
    name: "edit",
    args: { path: id },
    status,
    ...more,
  });
  const message = (id: string, ...toolCalls: object[]) => ({ id, type: "gemini", content: "x", toolCalls });
  const document = (...messages: object[]) => JSON.stringify({ sessionId: "s", messages });
  const used = ({ tools }: SessionSummary) => tools.map(({ name, calls, failed }) => [name, calls, failed]);

  test("however often its document is written again", async () => {
    const store = await openStore();
    const path = fileWith(Buffer.from(document(message("m", call("a", "executing")))), "session-1.json");
    let sessionId = "";
    for (const messages of [
      [message("m", call("a", "executing"))],
      [message("m", call("a", "success"), call("b", "executing"))],
      [message("m", call("a", "success"), call("b", "error")), message("n", call("c", "success"))],
      [message("m", call("a", "success", { resultDisplay: "ok" }), call("b", "error")), message("n")],
    ]) {
      writeFileSync(path, document(...messages));
      ({ sessionId = "" } = await importOne(store, gemini, path));
    }
    const { summary } = await readSession(await store.get(sessionId));
    expect(used(summary)).toEqual([["edit", 3, 1]]);
    expect(summary.turns).toBe(0);
  });

  test("however often its message is, line by line", async () => {
    const { summary } = await readFile(gemini, [
      { id: "u", type: "user", content: "go" },
      message("m", call("a", "success"), call("b", "executing")),
      message("m", call("a", "success"), call("b", "success")),
      message("m", call("a", "success"), call("b", "success"), call("c", "cancelled")),
    ]);
    expect(used(summary)).toEqual([["edit", 3, 1]]);
    expect(summary.turns).toBe(1);
  });
});

test("Qwen Code: telemetry says the same again, and thoughts may be among what was written", async () => {
  const { summary } = await readFile(qwen, [
    {
      uuid: "t",
      type: "system",
      subtype: "ui_telemetry",
      model: "priced-1",
      usageMetadata: { promptTokenCount: 100 },
    },
    {
      uuid: "a",
      type: "assistant",
      model: "priced-1",
      message: { role: "model", parts: [{ text: "x" }] },
      usageMetadata: {
        promptTokenCount: 100,
        cachedContentTokenCount: 40,
        candidatesTokenCount: 7,
        thoughtsTokenCount: 6,
        totalTokenCount: 107,
      },
    },
  ]);
  expect(spent(summary)).toEqual(["priced-1: 1, 60/40/0/7, $0.000107"]);
  expect(summary.tokens.reasoning).toBe(6);
});

describe("opencode", () => {
  const tokens = (input: number, output: number, reasoning = 0, total?: number) => ({
    input,
    output,
    reasoning,
    cache: { read: 5, write: 2 },
    ...(total ? { total } : {}),
  });
  const row = (id: string, created: number, more: object) => ({
    table: "message",
    id,
    data: { role: "assistant", modelID: "priced-1", time: { created }, ...more },
  });
  const step = (id: string, message_id: string, more: object) => ({
    table: "part",
    id,
    message_id,
    data: { type: "step-finish", ...more },
  });

  test("says it of messages and of their steps, which count once; a cost of 0 for tokens is none", async () => {
    const { summary } = await readFile(opencode, [
      row("m1", 1, { tokens: tokens(10, 1), cost: 0.1 }),
      step("p1", "m1", { tokens: tokens(10, 1), cost: 0.1 }),
      // A message of several steps has the tokens of its last one.
      row("m2", 2, { tokens: tokens(20, 3), cost: 0.5 }),
      step("p2", "m2", { tokens: tokens(10, 2), cost: 0.2 }),
      step("p3", "m2", { tokens: tokens(20, 3), cost: 0.3 }),
      row("m3", 3, { tokens: tokens(10, 4, 2), cost: 0 }),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 3, 50/20/8/12, $0.600023"]);
  });

  test("a row that was changed counts as it was last, and so does a message that a fork has copied", async () => {
    const { summary, tally } = await readFile(opencode, [
      row("m1", 1, { tokens: tokens(0, 0), cost: 0 }),
      row("m1", 1, { tokens: tokens(10, 4, 2, 21), cost: 0.4 }),
    ]);
    expect(spent(summary)).toEqual(["priced-1: 1, 10/5/2/4, $0.4"]);
    const fork = await readFile(opencode, [row("copy", 1, { tokens: tokens(10, 4), cost: 0.4 })]);
    const elsewhere = new Set<string>();
    tally.summary(elsewhere);
    expect(fork.tally.summary(elsewhere)).toMatchObject({ models: [], copied: { requests: 1 } });
  });
});

test("Goose: the ledger counts, and the sum of the session only where there is none", async () => {
  const session = {
    table: "sessions",
    id: "1",
    created_at: "2026-08-01 05:00:00",
    model_config_json: { model_name: "priced-1" },
    accumulated_input_tokens: 300,
    accumulated_output_tokens: 30,
    accumulated_total_tokens: 330,
  };
  expect(spent((await readFile(goose, [session])).summary)).toEqual(["priced-1: 1, 300/0/0/30, $0.00033"]);
  const paid = (input_tokens: number, more: object) => ({
    table: "usage_ledger",
    model: "priced-1",
    input_tokens,
    output_tokens: 10,
    total_tokens: input_tokens + 10,
    ...more,
  });
  const { summary } = await readFile(goose, [
    session,
    paid(100, { cache_read_tokens: 60 }),
    paid(200, { cost: 0.5 }),
  ]);
  expect(spent(summary)).toEqual(["priced-1: 2, 240/60/0/20, $0.50011"]);
});

test("ATIF: of each step, without those that were copied", async () => {
  const step = (step_id: number, more: object) => ({
    step_id,
    source: "agent",
    message: "x",
    model_name: "priced-1",
    metrics: { prompt_tokens: 100, cached_tokens: 40, completion_tokens: 5 },
    ...more,
  });
  const steps = [
    step(1, { is_copied_context: true }),
    step(2, {}),
    step(3, { metrics: { prompt_tokens: 10, completion_tokens: 1, cost_usd: 0.25 } }),
  ];
  const { summary } = await readFile(atif, JSON.stringify({ steps }), "t.json");
  expect(spent(summary)).toEqual(["priced-1: 2, 70/40/0/6, $0.250105"]);
  expect(summary.copied.entries).toBe(1);
});

test("Cline: what was shown of a task says what each request has cost, again with each change of it", async () => {
  const { view } = await readFile(cline, '[{"role":"user","content":"Dye it"}]', "s.messages.json");
  const reader = view.reader();
  const shown = (...costs: readonly number[]) =>
    reader.read({
      entryType: { type: "system_event", event: "import:file" },
      timestamp: 1,
      content: {
        source: { agent: "cline", session: "s" },
        file: { path: "tasks/1/ui_messages.json" },
        text: JSON.stringify(
          costs.map((cost, i) => ({
            ts: 1000 + i,
            type: "say",
            say: "api_req_started",
            text: JSON.stringify({ tokensIn: 10, tokensOut: 2, cacheReads: 3, cost }),
          })),
        ),
      },
    }).requests;
  expect(shown(0.1)).toMatchObject([{ key: "cline 1000", cost: 0.1, tokens: { input: 10, cacheRead: 3 } }]);
  expect(shown(0.2, 0)?.map(({ key, cost }) => [key, cost])).toEqual([
    ["cline 1000", 0.2],
    ["cline 1001", undefined],
  ]);
});

test("long records that were cut into pieces, and what only points at a record, count nowhere", async () => {
  const large = {
    type: "assistant",
    message: {
      id: "m",
      model: "priced-1",
      content: [{ type: "text", text: "x".repeat(17 * 1024 * 1024) }],
      usage: { input_tokens: 10, output_tokens: 1 },
    },
  };
  const { summary, talk } = await readFile(claudeCode, [large]);
  expect(summary.models).toEqual([]);
  expect(talk.length).toBeGreaterThan(0);
});

test("the list of prices is one that could be given in its place", async () => {
  const { parsePriceList } = await import("@thulp-sessions/core");
  expect(parsePriceList(LIST_PRICES, "prices")).toEqual(LIST_PRICES);
  const names = LIST_PRICES.models.map(({ model, from = "" }) => `${model} ${from}`);
  expect(new Set(names).size).toBe(names.length);
});
