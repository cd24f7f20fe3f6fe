import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { AgentReader, AgentRoot } from "@thulp-sessions/transcripts";
import type { Context } from "../command/context.ts";

/** The agents whose histories are read; each reader is loaded only for its agent. */
const READERS = {
  "claude-code": async () => (await import("@thulp-sessions/transcripts/claude-code")).claudeCode,
  codex: async () => (await import("@thulp-sessions/transcripts/codex")).codex,
  pi: async () => (await import("@thulp-sessions/transcripts/pi")).pi,
  openclaw: async () => (await import("@thulp-sessions/transcripts/pi")).openclaw,
  copilot: async () => (await import("@thulp-sessions/transcripts/copilot")).copilot,
} as const satisfies Readonly<Record<string, () => Promise<AgentReader>>>;

export type AgentName = keyof typeof READERS;

export const AGENT_NAMES = Object.keys(READERS) as AgentName[];

export function agentReader(name: AgentName): Promise<AgentReader> {
  return READERS[name]();
}

/** Where the agent keeps its histories on this machine, if it does. */
export function rootsOf(reader: AgentReader, { io }: Context): readonly AgentRoot[] {
  const { env } = io.process;
  return reader
    .roots({ home: homedir(), env })
    .filter(({ path, folders }) => folders.some((folder) => existsSync(join(path, folder))));
}
