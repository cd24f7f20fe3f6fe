import type { EntryDraft, JsonValue } from "@thulp-sessions/core";

/** A turn of Claude Code, as an import stores it. */
export interface AgentTurn {
  /** Tells the turns of one session apart. */
  readonly turn: number;
  readonly text?: string | undefined;
  readonly model?: string | undefined;
  readonly tokens?: { readonly input: number; readonly output: number } | undefined;
  readonly tool?: string | undefined;
  readonly failed?: boolean | undefined;
  readonly file?: string | undefined;
}

/** The tag by which the view of these entries is found. */
export const AGENT_TAG = "agent:claude-code";

/** Four entries: what the user asks, a reply in two of them that calls a tool, what the tool answers. */
export function agentTurn({
  turn,
  text = `Change ${turn}`,
  model = "claude-opus-4-5",
  tokens = { input: 1000, output: 100 },
  tool = "Edit",
  failed = false,
  file = `/src/${turn}.ts`,
}: AgentTurn): EntryDraft[] {
  const call = { type: "tool_use", id: `t${turn}`, name: tool, input: { file_path: file } };
  const result = { type: "tool_result", tool_use_id: `t${turn}`, content: "done", is_error: failed };
  const usage = { input_tokens: tokens.input, output_tokens: tokens.output };
  const reply = (content: readonly JsonValue[]) => ({
    type: "assistant",
    requestId: `r${turn}`,
    message: { id: `m${turn}`, role: "assistant", model, usage, content },
  });
  return [
    stored({ type: "user_message" }, { type: "user", message: { role: "user", content: text } }),
    // Two lines of one request, of which each says what the whole has cost.
    stored({ type: "assistant_message" }, reply([{ type: "text", text: "I look." }])),
    stored({ type: "assistant_message" }, reply([call])),
    stored(
      { type: "tool_call", toolName: tool, success: !failed },
      { type: "user", message: { role: "user", content: [result] } },
    ),
  ];
}

function stored(entryType: EntryDraft["entryType"], record: JsonValue): EntryDraft {
  return { entryType, content: { source: { agent: "claude-code", session: "s" }, record } };
}
