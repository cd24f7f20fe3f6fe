import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { AgentReader, AgentRoot, MachinePlace } from "./model/agent-reader.ts";

/** The agents and formats that are read; each reader is loaded only when it is asked for. */
const READERS = {
  "claude-code": async () => (await import("./agents/claude-code.ts")).claudeCode,
  codex: async () => (await import("./agents/codex.ts")).codex,
  pi: async () => (await import("./agents/pi.ts")).pi,
  openclaw: async () => (await import("./agents/pi.ts")).openclaw,
  copilot: async () => (await import("./agents/copilot.ts")).copilot,
  gemini: async () => (await import("./agents/gemini.ts")).gemini,
  qwen: async () => (await import("./agents/qwen.ts")).qwen,
  opencode: async () => (await import("./agents/opencode.ts")).opencode,
  goose: async () => (await import("./agents/goose.ts")).goose,
  cline: async () => (await import("./agents/cline.ts")).cline,
  roo: async () => (await import("./agents/cline.ts")).roo,
  cursor: async () => (await import("./agents/cursor.ts")).cursor,
  aider: async () => (await import("./agents/aider.ts")).aider,
  messages: async () => (await import("./agents/messages.ts")).messages,
  atif: async () => (await import("./agents/atif.ts")).atif,
} as const satisfies Readonly<Record<string, () => Promise<AgentReader>>>;

/** The name of an agent, or of a format that programs share. */
export type AgentName = keyof typeof READERS;

/** All of them, in the order in which they are named to people. */
export const AGENT_NAMES = Object.keys(READERS) as readonly AgentName[];

/** Files of these formats lie where somebody has put them. */
const FORMATS: readonly AgentName[] = ["messages", "atif"];

/** Those that have a place of their own on a machine. */
export const INSTALLED_AGENT_NAMES: readonly AgentName[] = AGENT_NAMES.filter(
  (name) => !FORMATS.includes(name),
);

/** Loads a reader, and no other. */
export function agentReader(name: AgentName): Promise<AgentReader> {
  return READERS[name]();
}

/** Those of the agent's roots on a machine that are there, with a folder or a file of histories in them. */
export function presentRoots(reader: AgentReader, place: MachinePlace): readonly AgentRoot[] {
  return reader
    .roots(place)
    .filter(
      ({ path, folders }) =>
        folders.some((folder) => existsSync(join(path, folder))) ||
        (reader.rootFiles === true && namesIn(path).some((name) => reader.recognize(name) !== null)),
    );
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
