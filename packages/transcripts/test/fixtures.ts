// Longer than most files: a session of each agent, for all tests.
/** Histories as the agents write them, made for these tests. */

export const SESSION = "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b";

const claudeBase = {
  isSidechain: false,
  userType: "external",
  cwd: "/home/ada/engine",
  sessionId: SESSION,
  version: "2.1.200",
  gitBranch: "main",
};

/** A turn of Claude Code with two calls whose results stand in one record, a skill, and a title. */
export const CLAUDE: readonly object[] = [
  { type: "permission-mode", permissionMode: "default", sessionId: SESSION },
  {
    ...claudeBase,
    parentUuid: null,
    type: "user",
    message: { role: "user", content: "<command-name>/init</command-name>" },
    uuid: "u0",
    timestamp: "2026-03-01T09:00:00.000Z",
  },
  {
    ...claudeBase,
    parentUuid: "u0",
    type: "user",
    message: { role: "user", content: "Count the  cogs\nplease" },
    uuid: "u1",
    timestamp: "2026-03-01T09:00:01.000Z",
  },
  {
    ...claudeBase,
    parentUuid: "u1",
    type: "assistant",
    message: {
      id: "msg_1",
      role: "assistant",
      model: "claude-x",
      content: [
        { type: "text", text: "Two looks." },
        { type: "tool_use", id: "t1", name: "Bash", input: { command: "ls" } },
        { type: "tool_use", id: "t2", name: "Read", input: { file_path: "/a" } },
      ],
      usage: { input_tokens: 3, output_tokens: 8 },
    },
    requestId: "req_1",
    uuid: "a1",
    timestamp: "2026-03-01T09:00:02.000Z",
  },
  {
    ...claudeBase,
    parentUuid: "a1",
    type: "user",
    message: {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "t1", content: "cog1 cog2" },
        { type: "tool_result", tool_use_id: "t2", content: "no such file", is_error: true },
      ],
    },
    uuid: "u2",
    timestamp: "2026-03-01T09:00:03.000Z",
  },
  {
    ...claudeBase,
    parentUuid: "u2",
    type: "assistant",
    message: {
      id: "msg_2",
      role: "assistant",
      content: [{ type: "tool_use", id: "t3", name: "Skill", input: { skill: "counting" } }],
    },
    uuid: "a2",
    timestamp: "2026-03-01T09:00:04.000Z",
  },
  {
    ...claudeBase,
    type: "user",
    message: { role: "user", content: [{ type: "tool_result", tool_use_id: "t3", content: "2" }] },
    uuid: "u3",
    timestamp: "2026-03-01T09:00:05.000Z",
  },
  {
    ...claudeBase,
    type: "user",
    isMeta: true,
    message: { role: "user", content: "reminder" },
    uuid: "u4",
    timestamp: "2026-03-01T09:00:06.000Z",
  },
  {
    ...claudeBase,
    type: "system",
    subtype: "turn_duration",
    durationMs: 5,
    uuid: "s1",
    timestamp: "2026-03-01T09:00:07.000Z",
  },
  { ...claudeBase, type: "attachment", attachment: { type: "brand_new" }, uuid: "x1" },
  { type: "ai-title", aiTitle: "Counting cogs", sessionId: SESSION },
];

export const THREAD = "019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071";

function codexLine(second: number, type: string, payload: object): object {
  return { timestamp: `2026-04-02T10:00:${String(second).padStart(2, "0")}.000Z`, type, payload };
}

/** A thread of Codex as most are: what the model saw, and beside it what the user saw. */
export const CODEX: readonly object[] = [
  codexLine(0, "session_meta", {
    id: THREAD,
    timestamp: "2026-04-02T09:59:59.000Z",
    cwd: "/home/ada/loom",
    cli_version: "0.144.0",
    source: "cli",
    git: { branch: "warp", repository_url: "https://example.invalid/loom" },
  }),
  codexLine(1, "response_item", {
    type: "message",
    role: "user",
    content: [{ type: "input_text", text: "<environment_context>\n</environment_context>" }],
  }),
  codexLine(2, "event_msg", { type: "user_message", message: "Weave it" }),
  codexLine(2, "response_item", {
    type: "message",
    role: "user",
    content: [{ type: "input_text", text: "Weave it" }],
  }),
  codexLine(3, "response_item", { type: "reasoning", summary: [], encrypted_content: "x" }),
  codexLine(4, "response_item", {
    type: "function_call",
    name: "shell",
    arguments: '{"cmd":"make"}',
    call_id: "c1",
  }),
  codexLine(5, "event_msg", { type: "exec_command_end", call_id: "c1", exit_code: 2 }),
  codexLine(5, "response_item", { type: "function_call_output", call_id: "c1", output: "no rule" }),
  codexLine(6, "response_item", { type: "custom_tool_call", name: "apply_patch", call_id: "c2", input: "p" }),
  codexLine(7, "response_item", { type: "custom_tool_call_output", call_id: "c2", output: "Done" }),
  codexLine(8, "response_item", {
    type: "message",
    role: "assistant",
    content: [{ type: "output_text", text: "Woven." }],
  }),
  codexLine(8, "event_msg", { type: "agent_message", message: "Woven." }),
  codexLine(9, "event_msg", { type: "task_complete", turn_id: "1" }),
  codexLine(9, "event_msg", { type: "never_seen" }),
];

export const PI_SESSION = "019e19b4-0000-746a-aa6b-8dfcfa379540";

/** A session of pi with a call, a command of the user, a summary and a name. */
export const PI: readonly object[] = [
  { type: "session", version: 3, id: PI_SESSION, timestamp: "2026-05-03T11:00:00.000Z", cwd: "/home/ada/pi" },
  {
    type: "message",
    id: "00000001",
    parentId: null,
    timestamp: "2026-05-03T11:00:01.000Z",
    message: { role: "user", content: [{ type: "text", text: "Sum it" }] },
  },
  {
    type: "message",
    id: "00000002",
    parentId: "00000001",
    timestamp: "2026-05-03T11:00:02.000Z",
    message: { role: "assistant", content: [{ type: "toolCall", id: "p1", name: "read", arguments: {} }] },
  },
  {
    type: "message",
    id: "00000003",
    parentId: "00000002",
    timestamp: "2026-05-03T11:00:03.000Z",
    message: { role: "toolResult", toolCallId: "p1", toolName: "read", content: [], isError: true },
  },
  {
    type: "message",
    id: "00000004",
    parentId: "00000003",
    timestamp: "2026-05-03T11:00:04.000Z",
    message: { role: "bashExecution", command: "ls", output: "", exitCode: 0, cancelled: false },
  },
  { type: "compaction", id: "00000005", timestamp: "2026-05-03T11:00:05.000Z", summary: "So far." },
  { type: "session_info", id: "00000006", timestamp: "2026-05-03T11:00:06.000Z", name: "Sums" },
];

export const COPILOT_SESSION = "7d3c2b1a-0000-4f5e-8d9c-1a2b3c4d5e6f";

function copilotEvent(second: number, type: string, data: object): object {
  const timestamp = `2026-06-01T08:00:${String(second).padStart(2, "0")}.000Z`;
  return { type, data, id: `00000000-0000-4000-8000-0000000000${second + 10}`, timestamp, parentId: null };
}

/** A session of Copilot CLI with a call that failed, and that was given up. */
export const COPILOT: readonly object[] = [
  copilotEvent(1, "session.start", {
    sessionId: COPILOT_SESSION,
    copilotVersion: "1.0.78",
    startTime: "2026-06-01T08:00:00.000Z",
    context: { cwd: "/home/ada/hem", branch: "main" },
  }),
  copilotEvent(2, "system.message", { role: "system", content: "You sew." }),
  copilotEvent(3, "user.message", { content: "Hem it" }),
  copilotEvent(4, "assistant.message", { content: "", toolRequests: [{ toolCallId: "k1", name: "view" }] }),
  copilotEvent(5, "tool.execution_start", { toolCallId: "k1", toolName: "view", arguments: {} }),
  copilotEvent(6, "tool.execution_complete", { toolCallId: "k1", success: false, error: { code: "x" } }),
  copilotEvent(7, "skill.invoked", { name: "sewing" }),
  copilotEvent(8, "session.from_tomorrow", {}),
  copilotEvent(9, "abort", { reason: "user" }),
];

export const GEMINI_SESSION = "5e0c9a1b-7d21-4b8a-9c55-3f1e2d4c6b7a";

const geminiHead = {
  sessionId: GEMINI_SESSION,
  projectHash: "ab".repeat(32),
  startTime: "2026-07-01T07:00:00.000Z",
  lastUpdated: "2026-07-01T07:00:09.000Z",
};

function geminiMessage(second: number, type: string, more: object): object {
  return { id: `g${second}`, timestamp: `2026-07-01T07:00:0${second}.000Z`, type, ...more };
}

const GEMINI_CALLS = [
  { id: "k1", name: "read_file", args: {}, status: "success", result: [] },
  { id: "k2", name: "run_shell_command", args: {}, status: "executing" },
];

/** What Gemini CLI writes before 0.39: one document, written as a whole with each change. */
export const GEMINI_MESSAGES: readonly object[] = [
  geminiMessage(1, "user", { content: "<session_context>\nToday." }),
  geminiMessage(2, "user", { content: [{ text: "Temper  it" }] }),
  geminiMessage(3, "gemini", { content: "", toolCalls: GEMINI_CALLS, tokens: { total: 3 } }),
  geminiMessage(4, "info", { content: "Request cancelled." }),
  geminiMessage(5, "hologram", {}),
];
export const GEMINI_DOCUMENT = `${JSON.stringify({ ...geminiHead, messages: GEMINI_MESSAGES }, null, 2)}`;

/** The same as lines: each message again whenever it has changed. */
export const GEMINI: readonly object[] = [
  { ...geminiHead, kind: "main" },
  ...GEMINI_MESSAGES.slice(0, 3),
  { $set: { lastUpdated: "2026-07-01T07:00:06.000Z" } },
  geminiMessage(3, "gemini", {
    content: "Done.",
    toolCalls: GEMINI_CALLS.map((call) => ({ ...call, status: call.id === "k1" ? "success" : "error" })),
  }),
  { $rewindTo: "g2" },
  { $set: { summary: "Tempering", messages: [] } },
];

export const QWEN_SESSION = "27d495d1-de2d-449d-af11-0d42d4d6ef80";

function qwenRecord(second: number, type: string, more: object): object {
  return {
    uuid: `q${second}`,
    sessionId: QWEN_SESSION,
    timestamp: `2026-08-01T06:00:0${second}.000Z`,
    type,
    cwd: "/home/ada/kiln",
    version: "0.21.6",
    gitBranch: "glaze",
    ...more,
  };
}

/** A session of Qwen Code with two results in one record, one of which says nothing of its outcome. */
export const QWEN: readonly object[] = [
  qwenRecord(1, "user", {
    systemPayload: { displayText: "Fire it" },
    message: { role: "user", parts: [{ text: "Fire it" }, { text: "<hook>" }] },
  }),
  qwenRecord(2, "assistant", {
    message: {
      role: "model",
      parts: [{ text: "Hm.", thought: true }, { functionCall: { id: "f1", name: "read_file", args: {} } }],
    },
  }),
  qwenRecord(3, "tool_result", {
    message: {
      role: "user",
      parts: [{ functionResponse: { id: "f1", name: "read_file", response: { error: "cold" } } }],
    },
    toolCallResult: { callId: "f1", status: "error" },
  }),
  qwenRecord(4, "tool_result", {
    message: {
      role: "user",
      parts: [
        { functionResponse: { id: "f2", name: "glob", response: { output: "" } } },
        { functionResponse: { id: "f3", name: "edit", response: { output: "" } } },
      ],
    },
  }),
  qwenRecord(5, "user", { subtype: "notification", message: { role: "user", parts: [{ text: "Ping" }] } }),
  qwenRecord(6, "system", { subtype: "custom_title", systemPayload: { customTitle: "Firing" } }),
  qwenRecord(7, "system", { subtype: "aurora" }),
];

/** Rows of Goose, as lines. */
export const GOOSE: readonly object[] = [
  { table: "sessions", id: "20260801_1", name: "Gathering", created_at: "2026-08-01 05:00:00" },
  {
    table: "messages",
    role: "user",
    content_json: [{ type: "text", text: "Gather it" }],
    created_timestamp: 1,
  },
  {
    table: "messages",
    role: "assistant",
    content_json: [{ type: "toolRequest", id: "c1", toolCall: { value: { name: "shell" } } }],
    metadata_json: { userVisible: false },
  },
  {
    table: "messages",
    role: "user",
    content_json: [
      { type: "toolResponse", id: "c1", toolResult: { status: "success", value: { isError: true } } },
    ],
  },
];

/** Rows of opencode, a file of it, and a message of an export, as lines. */
export const OPENCODE: readonly object[] = [
  { table: "session", id: "ses_1", title: "Milling", parent_id: "ses_0", time_created: 1 },
  { table: "message", id: "m1", data: { role: "user", time: { created: 1 }, error: { name: "x" } } },
  { table: "part", id: "p1", message_id: "m1", data: { type: "text", text: "Mill it", synthetic: false } },
  {
    table: "part",
    id: "p2",
    message_id: "m1",
    data: { type: "tool", tool: "bash", state: { status: "completed", metadata: { exit: 1 } } },
  },
  { table: "session_message", id: "e1", type: "assistant", data: { content: [{ type: "tool", name: "x" }] } },
  { file: "storage/message/ses_1/m2.json", indent: "  ", data: { id: "m2", role: "assistant" } },
  { info: { id: "m3", role: "user" }, parts: [{ type: "text", text: "Mill it" }] },
];
