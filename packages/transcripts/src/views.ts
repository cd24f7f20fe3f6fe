import type { ViewLoader } from "@thulp-sessions/core/view";

/**
 * The views of all agents that are read, by the tag that an import gives their sessions; for `EntryViews`.
 * Each is loaded when it is asked for. The sessions of the Claude Agent SDK have the records of Claude Code.
 */
export const AGENT_VIEWS: Readonly<Record<string, ViewLoader>> = {
  "agent:claude-code": async () => (await import("./views/claude-code.ts")).view,
  "claude-agent-sdk": async () => (await import("./views/claude-code.ts")).view,
  "agent:codex": async () => (await import("./views/codex.ts")).view,
  "agent:pi": async () => (await import("./views/pi.ts")).view,
  "agent:openclaw": async () => (await import("./views/pi.ts")).view,
  "agent:copilot": async () => (await import("./views/copilot.ts")).view,
  "agent:gemini": async () => (await import("./views/gemini.ts")).view,
  "agent:qwen": async () => (await import("./views/qwen.ts")).view,
  "agent:opencode": async () => (await import("./views/opencode.ts")).view,
  "agent:goose": async () => (await import("./views/goose.ts")).view,
  "agent:cline": async () => (await import("./views/cline.ts")).view,
  "agent:roo": async () => (await import("./views/cline.ts")).view,
  "agent:cursor": async () => (await import("./views/cursor.ts")).view,
  "agent:aider": async () => (await import("./views/aider.ts")).view,
  "agent:messages": async () => (await import("./views/messages.ts")).view,
  "agent:atif": async () => (await import("./views/atif.ts")).view,
};
