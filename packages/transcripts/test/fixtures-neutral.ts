/** Conversations in the formats that many programs share, made for these tests. */

interface Format {
  readonly records: readonly object[];
  /** What they become. */
  readonly types: readonly string[];
  /** Of which of them the format does not say how they ended. */
  readonly outcomes: readonly string[];
  readonly name: string;
}

const anthropic: Format = {
  records: [
    { role: "user", content: "Plane  the board" },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "Which?", signature: "s" },
        { type: "tool_use", id: "t1", name: "look", input: {} },
        { type: "tool_use", id: "t2", name: "measure", input: {} },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "t1", content: "oak" },
        { type: "tool_result", tool_use_id: "t2", content: "no rule", is_error: true },
      ],
    },
    { role: "assistant", content: [{ type: "text", text: "Planed." }] },
  ],
  types: ["user_message", "assistant_message", "look true", "measure false", "assistant_message"],
  outcomes: [],
  name: "Plane the board",
};

const chat: Format = {
  records: [
    { role: "developer", content: "You plane." },
    { role: "system", content: "Be brief." },
    { role: "user", content: [{ type: "text", text: "Plane it" }] },
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: "c1", type: "function", function: { name: "look", arguments: "{}" } },
        { id: "c2", type: "custom", custom: { name: "draw", input: "x" } },
      ],
    },
    { role: "tool", tool_call_id: "c1", content: "oak" },
    { role: "tool", tool_call_id: "c2", content: "drawn" },
    { role: "function", name: "measure", content: "12" },
    { role: "assistant", content: "Planed." },
  ],
  types: [
    "system_message",
    "system_message",
    "user_message",
    "assistant_message",
    "look true",
    "draw true",
    "measure true",
    "assistant_message",
  ],
  outcomes: ["look true", "draw true", "measure true"],
  name: "Plane it",
};

const items: Format = {
  records: [
    { type: "message", role: "user", content: [{ type: "input_text", text: "Plane it" }] },
    { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "x" },
    { type: "function_call", id: "fc_1", call_id: "c1", name: "look", arguments: "{}", status: "completed" },
    { type: "function_call_output", call_id: "c1", output: "oak" },
    { type: "local_shell_call", id: "sh_1", call_id: "c2", action: {}, status: "completed" },
    { type: "local_shell_call_output", call_id: "c2", output: "{}" },
    {
      type: "mcp_call",
      id: "mcp_1",
      name: "ask",
      server_label: "s",
      arguments: "{}",
      output: null,
      error: "e",
    },
    { type: "web_search_call", id: "ws_1", status: "completed" },
    { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "Planed." }] },
  ],
  types: [
    "user_message",
    "assistant_message",
    "assistant_message",
    "look true",
    "assistant_message",
    "local_shell true",
    "assistant_message",
    "ask false",
    "assistant_message",
    "assistant_message",
  ],
  outcomes: ["look true", "local_shell true"],
  name: "Plane it",
};

const ui: Format = {
  records: [
    { id: "1", role: "user", parts: [{ type: "text", text: "Plane it" }] },
    {
      id: "2",
      role: "assistant",
      parts: [
        { type: "step-start" },
        { type: "tool-look", toolCallId: "c1", state: "output-available", input: {}, output: "oak" },
        { type: "dynamic-tool", toolName: "ask", toolCallId: "c2", state: "output-error", errorText: "e" },
        { type: "tool-draw", toolCallId: "c3", state: "output-denied", input: {} },
        { type: "tool-wait", toolCallId: "c4", state: "input-available", input: {} },
        { type: "text", text: "Planed." },
      ],
    },
    { id: "3", role: "system", parts: [] },
  ],
  types: ["user_message", "assistant_message", "look true", "ask false", "draw false", "system_message"],
  outcomes: [],
  name: "Plane it",
};

const shareGpt: Format = {
  records: [
    { from: "system", value: "You plane." },
    { from: "human", value: "Plane it" },
    { from: "function_call", value: "{}" },
    { from: "observation", value: "oak" },
    { from: "gpt", value: "Planed." },
  ],
  types: ["system_message", "user_message", "assistant_message", "unknown true", "assistant_message"],
  outcomes: ["unknown true"],
  name: "Plane it",
};

export const FORMATS = {
  "Anthropic messages": anthropic,
  "OpenAI messages": chat,
  "Responses items": items,
  UIMessage: ui,
  ShareGPT: shareGpt,
} as const;

export const ATIF = {
  schema_version: "ATIF-v1.7",
  session_id: "run-1",
  trajectory_id: "spin-1",
  agent: { name: "spinner", version: "1" },
  steps: [
    { step_id: 1, timestamp: "2026-10-01T05:00:01Z", source: "system", message: "You spin." },
    { step_id: 2, source: "user", message: [{ type: "text", text: "Spin it" }] },
    {
      step_id: 3,
      source: "agent",
      message: "",
      tool_calls: [{ tool_call_id: "c1", function_name: "bash", arguments: {} }],
      observation: { results: [{ source_call_id: "c1", content: "ok" }, { content: "by the way" }] },
    },
    { step_id: 4, timestamp: "2026-10-01T05:00:04Z", source: "agent", message: "Spun." },
    { step_id: 5, source: "oracle", message: "" },
  ],
  final_metrics: { total_steps: 5 },
};
