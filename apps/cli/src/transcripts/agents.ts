import { homedir } from "node:os";
import type { AgentReader, AgentRoot } from "@thulp-sessions/transcripts";
import { presentRoots } from "@thulp-sessions/transcripts/agents";
import type { Context } from "../command/context.ts";

export { AGENT_NAMES, type AgentName, agentReader } from "@thulp-sessions/transcripts/agents";

/** Where the agent keeps its histories on this machine, if it does. */
export function rootsOf(reader: AgentReader, { io }: Context, cwd?: string): readonly AgentRoot[] {
  return presentRoots(reader, { home: homedir(), env: io.process.env, cwd });
}
