// Longer than most files: a conversation of each agent, as a person reads it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { aider } from "../src/agents/aider.ts";
import { atif } from "../src/agents/atif.ts";
import { claudeCode } from "../src/agents/claude-code.ts";
import { cline } from "../src/agents/cline.ts";
import { codex } from "../src/agents/codex.ts";
import { copilot } from "../src/agents/copilot.ts";
import { cursor } from "../src/agents/cursor.ts";
import { gemini } from "../src/agents/gemini.ts";
import { goose } from "../src/agents/goose.ts";
import { messages } from "../src/agents/messages.ts";
import { opencode } from "../src/agents/opencode.ts";
import { openclaw, pi } from "../src/agents/pi.ts";
import { qwen } from "../src/agents/qwen.ts";
import { AGENT_VIEWS } from "../src/views.ts";
import { CLAUDE, CODEX, COPILOT, GEMINI, GOOSE, OPENCODE, PI, QWEN } from "./fixtures.ts";
import { readFile } from "./read-view.ts";

describe("a session reads as a conversation", () => {
  test("of Claude Code", async () => {
    const { talk } = await readFile(claudeCode, [
      ...CLAUDE,
      { type: "attachment", attachment: { type: "queued_command", prompt: "and the wheels" } },
      {
        type: "system",
        subtype: "compact_boundary",
        content: "Conversation compacted",
        compactMetadata: { trigger: "manual", preTokens: 4306 },
      },
      {
        type: "assistant",
        message: { role: "assistant", content: [{ type: "thinking", thinking: "wheels?" }] },
      },
    ]);
    expect(talk).toEqual([
      "user: <command-name>/init</command-name>",
      "user: Count the  cogs\nplease",
      'assistant: Two looks. | → Bash {"command":"ls"} | → Read {"file_path":"/a"}',
      "Bash ok: result 1 = cog1 cog2 | result 2 = no such file",
      "Read failed: [what it answered stands in the record of the entry before]",
      'assistant: → Skill {"skill":"counting"}',
      "skill counting: result = 2",
      "system: reminder",
      "claude-code:attachment/queued_command: and the wheels",
      "claude-code:system/compact_boundary: Conversation compacted",
      "assistant: (wheels?)",
    ]);
  });

  test("of Codex, where most is said twice", async () => {
    const { talk } = await readFile(codex, [
      ...CODEX,
      line("response_item", { type: "reasoning", summary: [{ type: "summary_text", text: "Warp first." }] }),
      line("response_item", {
        type: "function_call_output",
        call_id: "c9",
        output: '{"output":"done","metadata":{"exit_code":0}}',
      }),
      line("response_item", { type: "web_search_call", action: { type: "search", query: "looms" } }),
      line("event_msg", { type: "turn_aborted", reason: "interrupted" }),
      line("compacted", { message: "So far." }),
    ]);
    expect(talk).toEqual([
      "system: <environment_context>\n</environment_context>",
      "user: Weave it",
      'assistant: → shell {"cmd":"make"}',
      "shell failed: result = no rule",
      'assistant: → apply_patch "p"',
      "apply_patch ok: result = Done",
      "assistant: Woven.",
      "assistant: (Warp first.)",
      'unknown ok: result = done | beside it {"metadata":{"exit_code":0}}',
      'assistant: → web_search {"type":"search","query":"looms"}',
      "codex:event_msg/turn_aborted: [the turn was ended: interrupted]",
      "system: So far.",
    ]);
  });

  test("of Codex in the two other dialects", async () => {
    const bare = await readFile(codex, [
      { id: "t", timestamp: "2025-06-01T00:00:00Z" },
      { type: "message", role: "user", content: [{ type: "input_text", text: "Weave" }] },
      { type: "function_call_output", call_id: "c", output: "Done" },
    ]);
    expect(bare.talk).toEqual(["user: Weave", expect.stringContaining("output = Done")]);
    const paginated = await readFile(codex, [
      line("session_meta", { id: "t", history_mode: "paginated" }),
      line("event_msg", {
        type: "item_completed",
        item: { type: "UserMessage", content: [{ type: "text", text: "Weave" }] },
      }),
      line("event_msg", { type: "item_completed", item: { type: "Plan", text: "1. weave" } }),
    ]);
    expect(paginated.talk).toEqual(["user: Weave", "codex:event_msg/item_completed/Plan: 1. weave"]);
  });

  test("of pi, and of OpenClaw", async () => {
    const records = [
      ...PI,
      { type: "model_change", id: "00000007", timestamp: "2026-05-03T11:00:07.000Z", modelId: "m-2" },
      {
        type: "message",
        id: "00000008",
        message: { role: "assistant", content: [{ type: "thinking", thinking: "hm" }], errorMessage: "away" },
      },
    ];
    const talk = [
      "user: Sum it",
      "assistant: → read {}",
      "read failed: [result: nothing]",
      'bash ok: → bash {"command":"ls"} | output = ',
      "system: So far.",
      "X:model_change: [model: m-2]",
      "assistant: (hm) | error = away",
    ];
    expect((await readFile(pi, records)).talk).toEqual(talk.map((each) => each.replace("X", "pi")));
    expect((await readFile(openclaw, records)).talk).toEqual(
      talk.map((each) => each.replace("X", "openclaw")),
    );
  });

  test("of Copilot CLI", async () => {
    const event = (type: string, data: object) => ({ type, data, id: `${type} ${JSON.stringify(data)}` });
    const { talk } = await readFile(copilot, [
      ...COPILOT,
      event("user.message", { content: "and iron it", attachments: [{ path: "a" }] }),
      event("assistant.message", {
        content: "Ironed.",
        reasoningText: "hot?",
        toolRequests: [{ toolCallId: "k2", name: "bash", arguments: '{"command":"iron"}' }],
      }),
      event("tool.execution_complete", { toolCallId: "k2", success: true, result: { content: "flat" } }),
      event("assistant.reasoning", { content: "cool down" }),
      event("session.model_change", { newModel: "m-2", source: "agent" }),
      event("subagent.started", {
        agentName: "task",
        agentDisplayName: "presser",
        agentDescription: "Press it",
      }),
    ]);
    expect(talk).toEqual([
      "system: You sew.",
      "user: Hem it",
      "assistant: → view null",
      'view failed: error {"code":"x"}',
      expect.stringMatching(/^skill sewing: /),
      expect.stringMatching(/^copilot:abort: /),
      'user: and iron it | attachments [{"path":"a"}]',
      'assistant: (hot?) | Ironed. | → bash {"command":"iron"}',
      expect.stringMatching(/^(bash|unknown) ok: result = flat$/),
      "assistant: (cool down)",
      "copilot:session.model_change: [model m-2]",
      "copilot:subagent.started: [sub-agent presser: Press it]",
    ]);
  });

  test("of Gemini CLI, where a message is written again with each change", async () => {
    const { talk } = await readFile(gemini, [
      ...GEMINI,
      {
        id: "g9",
        type: "gemini",
        content: "",
        thoughts: [{ subject: "Heat", description: "more of it" }],
        toolCalls: [
          {
            id: "k9",
            name: "read_file",
            args: { path: "a" },
            status: "success",
            result: [{ functionResponse: { name: "read_file", response: { output: "red" } } }],
          },
        ],
      },
    ]);
    const pointer = "[what it answered stands in the record of the entry before]";
    expect(talk).toEqual([
      "system: <session_context>\nToday.",
      "user: Temper  it",
      "assistant: → read_file {} | → run_shell_command {}",
      `read_file ok: ${pointer}`,
      "gemini:update: Done. | → read_file {} | → run_shell_command {}",
      `run_shell_command failed: ${pointer}`,
      expect.stringMatching(/^gemini:\$rewindTo: /),
      'assistant: (Heat: more of it) | → read_file {"path":"a"} | result = red',
      `read_file ok: ${pointer}`,
    ]);
  });

  test("of Qwen Code", async () => {
    expect((await readFile(qwen, QWEN)).talk).toEqual([
      "user: Fire it | <hook>",
      "assistant: (Hm.) | → read_file {}",
      "read_file failed: error = cold",
      "glob ok: result =  | result = ",
      "edit ok: [what it answered stands in the record of the entry before]",
      "system: Ping",
    ]);
  });

  test("of opencode, from rows, files and an export", async () => {
    const { talk } = await readFile(opencode, [
      ...OPENCODE,
      {
        table: "part",
        id: "p3",
        message_id: "m1",
        data: {
          type: "tool",
          tool: "read",
          state: { status: "completed", input: { filePath: "a" }, output: "1" },
        },
      },
      { table: "part", id: "p4", message_id: "m2", data: { type: "reasoning", text: "How?" } },
      {
        table: "part",
        id: "p5",
        message_id: "m2",
        data: { type: "file", filename: "a.png", mime: "image/png" },
      },
      {
        table: "message",
        id: "m4",
        data: { role: "assistant", error: { name: "APIError", data: { message: "too many" } } },
      },
    ]);
    expect(talk).toEqual([
      "opencode:message/user: [x]",
      "user: Mill it",
      "bash failed: → bash null",
      "assistant: → x null",
      "user: Mill it",
      'read ok: → read {"filePath":"a"} | result = 1',
      "assistant: (How?)",
      "opencode:part/file: [file a.png image/png]",
      "opencode:message/assistant: [APIError: too many]",
    ]);
  });

  test("of Goose, where each token may be a thought", async () => {
    const thought = (thinking: string) => ({ type: "thinking", thinking, signature: "" });
    const { talk } = await readFile(goose, [
      ...GOOSE,
      {
        table: "messages",
        role: "assistant",
        content_json: [thought("Let"), thought(" me"), { type: "text", text: "Gathered." }],
      },
      {
        table: "messages",
        role: "user",
        content_json: [
          { type: "toolResponse", id: "c9", toolResult: { status: "error", error: "no such tool" } },
        ],
      },
    ]);
    expect(talk).toEqual([
      "user: Gather it",
      "system: → shell null",
      'shell failed: result {"isError":true}',
      "assistant: (Let me) | Gathered.",
      "unknown failed: error = no such tool",
    ]);
  });

  test("of Cline and Cursor", async () => {
    const talk = [
      { role: "user", content: [{ type: "text", text: "<task>Dye it</task>" }] },
      {
        role: "assistant",
        content: [{ type: "tool_use", id: "t1", name: "read_file", input: { path: "a" } }],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "blue" }] },
    ];
    expect((await readFile(cline, JSON.stringify(talk), "s.messages.json")).talk).toEqual([
      "user: <task>Dye it</task>",
      'assistant: → read_file {"path":"a"}',
      "read_file ok: result = blue",
    ]);
    const within = talk.slice(0, 2).map(({ role, content }) => ({ role, message: { content } }));
    expect((await readFile(cursor, [...within, { type: "turn_ended" }])).talk).toEqual([
      "user: <task>Dye it</task>",
      'assistant: → read_file {"path":"a"}',
    ]);
  });

  test("of messages of the APIs of models", async () => {
    const { talk } = await readFile(messages, [
      { role: "user", content: "Add it" },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", function: { name: "add", arguments: '{"a":1}' } }],
      },
      { role: "tool", tool_call_id: "c1", content: "2" },
      { type: "reasoning", summary: [{ type: "summary_text", text: "carry" }] },
      { type: "function_call", call_id: "c2", name: "add", arguments: '{"a":2}' },
      { type: "function_call_output", call_id: "c2", output: "3" },
      {
        id: "u",
        role: "assistant",
        parts: [
          { type: "step-start" },
          { type: "text", text: "Look" },
          { type: "tool-add", state: "output-available", input: { a: 3 }, output: "4" },
        ],
      },
      { from: "human", value: "Hi" },
    ]);
    expect(talk).toEqual([
      "user: Add it",
      'assistant: → add {"a":1}',
      "add ok: result = 2",
      "assistant: (carry)",
      'assistant: → add {"a":2}',
      "add ok: result = 3",
      'assistant: Look | → add {"a":3} | result = 4',
      "add ok: [what it answered stands in the record of the entry before]",
      "user: Hi",
    ]);
  });

  test("of an ATIF trajectory", async () => {
    const steps = [
      { step_id: 1, source: "user", message: "Solve it" },
      {
        step_id: 2,
        source: "agent",
        message: "Looking.",
        reasoning_content: "where?",
        tool_calls: [{ tool_call_id: "c", function_name: "bash", arguments: { command: "ls" } }],
        observation: { results: [{ source_call_id: "c", content: "a b" }] },
      },
    ];
    const { talk } = await readFile(atif, JSON.stringify({ steps }), "t.json");
    expect(talk).toEqual([
      "user: Solve it",
      'assistant: (where?) | Looking. | → bash {"command":"ls"} | result = a b',
      "bash ok: [what it answered stands in the record of the entry before]",
    ]);
  });
});

function line(type: string, payload: object): object {
  return { timestamp: "2026-04-02T10:00:10.000Z", type, payload };
}

test("each agent's view is a subpath of its own, and is loaded by its tag", async () => {
  const subpaths = Object.keys(manifest.exports).filter((path) => path.endsWith("/view"));
  const files = readdirSync(join(import.meta.dirname, "../src/agents"));
  for (const path of subpaths) expect(files).toContain(`${path.slice(2, -5)}.ts`);
  expect(subpaths).toHaveLength(13);
  const agents = [
    aider,
    atif,
    claudeCode,
    cline,
    codex,
    copilot,
    cursor,
    gemini,
    goose,
    messages,
    opencode,
    openclaw,
    pi,
    qwen,
  ];
  for (const { agent } of agents) expect(AGENT_VIEWS).toHaveProperty([`agent:${agent}`]);
});

test("what somebody else has added to a session is no note of its agent", async () => {
  const view = await AGENT_VIEWS["agent:codex"]?.();
  const isAside = (event: string) =>
    view?.isAside({ entryType: { type: "system_event", event }, content: { text: "x" }, timestamp: 0 });
  expect(["codex:turn_context", "import:file", "import:blank"].map(isAside)).toEqual([true, true, true]);
  expect(["reviewed", "pi:custom", "import:raw", "import:chunk"].map(isAside)).toEqual(Array(4).fill(false));
});

test("what is no record of an agent is shown whatever its view is", async () => {
  const { talk } = await readFile(claudeCode, [{ type: "user", message: { role: "user", content: "Hi" } }]);
  expect(talk).toEqual(["user: Hi"]);
  const torn = await readFile(codex, '{"torn\n\n');
  expect(torn.talk).toEqual(['import:raw:  = {"torn']);
});
