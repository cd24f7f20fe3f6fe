// Longer than most files: a session of each agent, as it is written.
/** A small session of each agent, where it is and as it is written: made for these tests. */
export interface AgentFile {
  readonly agent: string;
  /** Below the home. */
  readonly path: string;
  readonly text: string;
}

const lines = (...records: readonly object[]) =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");
const at = (second: number) => new Date(Date.UTC(2026, 2, 1, 9, 0, second)).toISOString();
const ms = (second: number) => Date.UTC(2026, 2, 1, 9, 0, second);

const claude = (second: number, type: string, more: object) => ({
  type,
  uuid: `u${second}`,
  timestamp: at(second),
  cwd: "/home/ada/clock",
  ...more,
});
const claudeReply = (second: number, block: object, output: number) =>
  claude(second, "assistant", {
    requestId: "req_1",
    message: {
      id: "msg_1",
      role: "assistant",
      model: "claude-opus-4-5-20251101",
      content: [block],
      usage: { input_tokens: 1000, output_tokens: output, cache_read_input_tokens: 20_000 },
    },
  });

const codex = (second: number, type: string, payload: object) => ({ timestamp: at(second), type, payload });
const tokenCount = (second: number, input_tokens: number, output_tokens: number) =>
  codex(second, "event_msg", {
    type: "token_count",
    info: { total_token_usage: { input_tokens, output_tokens, cached_input_tokens: 0 } },
  });

const pi = (second: number, message: object) => ({
  type: "message",
  id: `0000000${second}`,
  timestamp: at(second),
  message,
});
const copilot = (second: number, type: string, data: object) => ({
  type,
  data,
  id: `00000000-0000-4000-8000-00000000000${second}`,
  timestamp: at(second),
});
const uuid = (last: number) => `3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a0${last}`;

export const AGENT_FILES: readonly AgentFile[] = [
  {
    agent: "claude-code",
    path: `.claude/projects/clock/${uuid(1)}.jsonl`,
    text: lines(
      { type: "permission-mode", permissionMode: "default" },
      claude(1, "user", { message: { role: "user", content: "Count the cogs" } }),
      claudeReply(2, { type: "thinking", thinking: "Where are they?" }, 5),
      claudeReply(3, { type: "text", text: "I look." }, 9),
      claudeReply(4, { type: "tool_use", id: "t1", name: "Bash", input: { command: "ls cogs" } }, 40),
      claude(5, "user", {
        message: { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "a\nb" }] },
      }),
      claude(6, "system", { subtype: "turn_duration", durationMs: 5 }),
      claude(7, "assistant", {
        message: { role: "assistant", content: [{ type: "text", text: "Two cogs." }] },
      }),
    ),
  },
  {
    agent: "codex",
    path: `.codex/sessions/2026/03/01/rollout-2026-03-01T09-00-00-${uuid(2)}.jsonl`,
    text: lines(
      codex(0, "session_meta", { id: uuid(2), timestamp: at(0), cwd: "/home/ada/loom" }),
      codex(1, "turn_context", { model: "gpt-5.2-codex" }),
      codex(1, "event_msg", { type: "user_message", message: "Weave it" }),
      codex(1, "response_item", {
        type: "message",
        role: "user",
        content: [{ type: "input_text", text: "Weave it" }],
      }),
      codex(2, "response_item", { type: "reasoning", summary: [], encrypted_content: "x" }),
      codex(2, "response_item", {
        type: "reasoning",
        summary: [{ type: "summary_text", text: "Warp first." }],
      }),
      codex(3, "response_item", {
        type: "function_call",
        name: "shell",
        arguments: '{"command":["make","cloth"],"timeout":10}',
        call_id: "c1",
      }),
      codex(4, "event_msg", { type: "exec_command_end", call_id: "c1", exit_code: 2 }),
      codex(4, "response_item", { type: "function_call_output", call_id: "c1", output: "no rule" }),
      tokenCount(5, 1000, 100),
      tokenCount(5, 1000, 100),
      codex(6, "response_item", {
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text: "There is no rule for it." }],
      }),
      codex(6, "event_msg", { type: "agent_message", message: "There is no rule for it." }),
      tokenCount(7, 3000, 200),
    ),
  },
  {
    agent: "pi",
    path: `.pi/agent/sessions/--home-ada-pi--/2026_${uuid(3)}.jsonl`,
    text: lines(
      { type: "session", version: 3, id: uuid(3), timestamp: at(0), cwd: "/home/ada/pi" },
      pi(1, { role: "user", content: [{ type: "text", text: "Sum it" }] }),
      pi(2, {
        role: "assistant",
        model: "own-model",
        timestamp: ms(2),
        content: [
          { type: "toolCall", id: "p1", name: "write", arguments: { path: "sum.txt", content: "3" } },
        ],
        usage: { input: 100, output: 10, cost: { total: 0 } },
      }),
      pi(3, { role: "toolResult", toolCallId: "p1", toolName: "write", content: [], isError: false }),
      pi(4, { role: "bashExecution", command: "cat sum.txt", output: "3", exitCode: 0 }),
      { type: "compaction", id: "00000005", timestamp: at(5), summary: "The sum is 3." },
    ),
  },
  {
    agent: "copilot",
    path: `.copilot/session-state/${uuid(4)}/events.jsonl`,
    text: lines(
      copilot(1, "session.start", { sessionId: uuid(4), startTime: at(0) }),
      copilot(2, "user.message", { content: "Hem it" }),
      copilot(3, "assistant.message", {
        messageId: "m1",
        model: "gpt-5-mini",
        outputTokens: 12,
        content: "I look.",
        reasoningText: "Which side?",
        toolRequests: [{ toolCallId: "k1", name: "view", arguments: { path: "hem.txt" } }],
      }),
      copilot(4, "tool.execution_start", { toolCallId: "k1", toolName: "view" }),
      copilot(5, "tool.execution_complete", {
        toolCallId: "k1",
        success: false,
        error: { message: "there is none" },
      }),
      copilot(6, "session.shutdown", {
        modelMetrics: { "gpt-5-mini": { usage: { inputTokens: 1_000_000, outputTokens: 12 } } },
      }),
    ),
  },
  {
    agent: "gemini",
    path: `.gemini/tmp/forge/chats/session-2026-03-01T09-00-${uuid(5).slice(0, 8)}.jsonl`,
    text: lines(
      { sessionId: uuid(5), startTime: at(0), kind: "main" },
      { id: "g1", timestamp: at(1), type: "user", content: [{ text: "Temper it" }] },
      {
        id: "g2",
        timestamp: at(2),
        type: "gemini",
        content: "I look.",
        thoughts: [{ subject: "Heat", description: "how much" }],
      },
      {
        id: "g2",
        timestamp: at(2),
        type: "gemini",
        content: "I look.",
        model: "gemini-x",
        tokens: { input: 50, output: 5, cached: 20, total: 55 },
        toolCalls: [
          {
            id: "k1",
            name: "read_file",
            args: { absolute_path: "/steel" },
            status: "success",
            result: [{ functionResponse: { name: "read_file", response: { output: "red" } } }],
          },
        ],
      },
      { $set: { lastUpdated: at(3) } },
    ),
  },
  {
    agent: "qwen",
    path: `.qwen/projects/kiln/chats/${uuid(6)}.jsonl`,
    text: lines(
      { uuid: "q1", timestamp: at(1), type: "user", message: { role: "user", parts: [{ text: "Fire it" }] } },
      {
        uuid: "q2",
        timestamp: at(2),
        type: "assistant",
        model: "qwen-x",
        message: {
          role: "model",
          parts: [{ text: "Hot?", thought: true }, { functionCall: { id: "f1", name: "glob", args: {} } }],
        },
        usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 2, totalTokenCount: 11 },
      },
      {
        uuid: "q3",
        timestamp: at(3),
        type: "tool_result",
        message: {
          role: "user",
          parts: [{ functionResponse: { id: "f1", name: "glob", response: { output: "pot" } } }],
        },
        toolCallResult: { callId: "f1", status: "success" },
      },
    ),
  },
  {
    agent: "opencode",
    path: "mill-export.json",
    text: JSON.stringify({
      info: { id: "ses_1", title: "Milling", time: { created: ms(0), updated: ms(4) } },
      messages: [
        {
          info: { id: "m1", role: "user", time: { created: ms(1) } },
          parts: [{ type: "text", text: "Mill it" }],
        },
        {
          info: {
            id: "m2",
            role: "assistant",
            modelID: "mill-x",
            time: { created: ms(2) },
            cost: 0.25,
            tokens: { input: 40, output: 4, reasoning: 0, cache: { read: 0, write: 0 } },
          },
          parts: [
            { type: "step-start" },
            { type: "reasoning", text: "How fine?" },
            {
              type: "tool",
              tool: "edit",
              state: { status: "completed", input: { filePath: "flour" }, output: "ground" },
            },
            { type: "text", text: "Milled." },
          ],
        },
      ],
    }),
  },
  {
    agent: "goose",
    path: "20260301_1.jsonl",
    text: lines(
      { working_dir: "/home/ada", description: "Gathering", created_at: at(0) },
      { id: "1", role: "user", created: ms(1) / 1000, content: [{ type: "text", text: "Gather it" }] },
      {
        id: "2",
        role: "assistant",
        created: ms(2) / 1000,
        content: [
          { type: "thinking", thinking: "Let", signature: "" },
          { type: "thinking", thinking: " me", signature: "" },
          {
            type: "toolRequest",
            id: "c1",
            toolCall: { status: "success", value: { name: "tree", arguments: {} } },
          },
        ],
      },
      {
        id: "3",
        role: "user",
        created: ms(3) / 1000,
        content: [
          {
            type: "toolResponse",
            id: "c1",
            toolResult: { status: "success", value: { content: [{ type: "text", text: "apples" }] } },
          },
        ],
      },
    ),
  },
  {
    agent: "cline",
    path: "s1.messages.json",
    text: JSON.stringify({
      version: 1,
      messages: [
        { id: "1", role: "user", ts: ms(1), content: [{ type: "text", text: "Dye it" }] },
        {
          id: "2",
          role: "assistant",
          ts: ms(2),
          content: [{ type: "tool_use", id: "t1", name: "read_file", input: { path: "vat" } }],
        },
        {
          id: "3",
          role: "user",
          ts: ms(3),
          content: [{ type: "tool_result", tool_use_id: "t1", content: "blue" }],
        },
      ],
    }),
  },
  {
    agent: "cursor",
    path: `.cursor/projects/inn/agent-transcripts/${uuid(7)}.jsonl`,
    text: lines(
      { role: "user", timestamp: at(1), message: { content: [{ type: "text", text: "Carve it" }] } },
      { role: "assistant", timestamp: at(2), message: { content: [{ type: "text", text: "Carved." }] } },
      { type: "turn_ended" },
    ),
  },
  {
    agent: "aider",
    path: "gears/.aider.chat.history.md",
    // The clock on the wall, wherever it hangs.
    text: [
      "\n# aider chat started at 2026-03-01 09:00:00\n\n",
      "> Aider v0.86.1  \n> Main model: grinder with diff edit format  \n",
      "\n#### Grind it  \n#### twice  \n\nI grind.\n\n",
      "> Tokens: 2.1k sent, 410 received. Cost: $0.02 message, $0.02 session.  \n",
      "> Applied edit to gear.py  \n",
    ].join(""),
  },
  {
    agent: "messages",
    path: "talk.jsonl",
    text: lines(
      { role: "user", content: "Plane it", timestamp: at(1) },
      {
        role: "assistant",
        timestamp: at(2),
        content: null,
        tool_calls: [{ id: "c1", function: { name: "plane", arguments: '{"side":"both"}' } }],
      },
      { role: "tool", tool_call_id: "c1", content: "smooth", timestamp: at(3) },
    ),
  },
  {
    agent: "atif",
    path: "trajectory.json",
    text: JSON.stringify({
      schema_version: "ATIF-v1.6",
      session_id: "t1",
      agent: { name: "smith" },
      steps: [
        { step_id: 1, source: "user", message: "Solve it", timestamp: at(1) },
        {
          step_id: 2,
          source: "agent",
          timestamp: at(2),
          model_name: "smith-x",
          message: "Solved.",
          reasoning_content: "how?",
          metrics: { prompt_tokens: 30, completion_tokens: 3, cost_usd: 0.5 },
        },
      ],
    }),
  },
];
