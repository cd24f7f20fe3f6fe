import { homedir } from "node:os";
import { join } from "node:path";
import { isSessionError } from "@thulp-sessions/core";
import type { AgentName } from "@thulp-sessions/transcripts/agents";
import { openTranscriptCache } from "../transcripts/open-transcript-cache.ts";
import { dataFolder } from "../user-folders.ts";
import { refused } from "./store-path.ts";
import type { OpenStoreOptions, StoreLocation, StoreScheme } from "./store-scheme.ts";

type TranscriptsLocation = Extract<StoreLocation, { kind: "transcripts" }>;

/**
 * The agents that have a place of their own on a machine: what `INSTALLED_AGENT_NAMES` of
 * `@thulp-sessions/transcripts/agents` says, of which nothing is loaded for another store.
 */
export const AGENTS = [
  ...(["claude-code", "codex", "pi", "openclaw", "copilot", "gemini"] as const),
  ...(["qwen", "opencode", "goose", "cline", "roo", "cursor", "aider"] as const),
] satisfies readonly AgentName[];

/** The histories that other agents keep on this machine, to be read where they are. */
export const transcriptsScheme: StoreScheme<TranscriptsLocation> = {
  schemes: ["transcripts"],
  form: "transcripts:AGENT",
  whole: AGENTS.map((name) => `transcripts:${name}`),
  parse: ({ text, rest }) => ({ kind: "transcripts", agents: rest === "" ? null : agentsIn(text, rest) }),
  format: ({ agents }) => `transcripts:${agents?.join() ?? ""}`,
  // They are the agents' files; what was read of them lies in a cache that may go at any time.
  placeOf: () => null,
  tokenBeside: () => join(dataFolder(), "thulp-sessions", "transcripts"),
  isRemote: false,
  takesDurability: false,
  open: openTranscripts,
  maintenance: async () => null,
};

/** In the order of the table, so that one set has one URL. */
function agentsIn(text: string, list: string): readonly AgentName[] {
  const names = list.split(",").map((name) => name.trim().toLowerCase());
  const all = AGENTS.join(", ");
  for (const name of names)
    if (!AGENTS.some((each) => each === name))
      throw refused(
        text,
        `${name === "" ? "the name of an agent is missing" : `no agent is called ${JSON.stringify(name)}`}: expected transcripts: for all, or some of ${all}, with commas between`,
      );
  return AGENTS.filter((name) => names.includes(name));
}

async function openTranscripts(location: TranscriptsLocation, { onWarning, onProgress }: OpenStoreOptions) {
  const { openTranscriptStore, TRANSCRIPT_FORMAT } = await import("@thulp-sessions/transcripts/store");
  const { agentReader } = await import("@thulp-sessions/transcripts/agents");
  const machine = { home: homedir(), env: process.env };
  const readers = await Promise.all((location.agents ?? AGENTS).map(agentReader));
  const sources = readers.map((reader) => ({ reader, paths: reader.roots(machine) }));
  const contents = [TRANSCRIPT_FORMAT, sources.map(({ reader, paths }) => [reader.agent, paths])];
  for (let attempt = 1; ; attempt++) {
    const { inner, cache } = await openTranscriptCache(contents, onWarning);
    try {
      return await openTranscriptStore({
        sources,
        inner,
        cache,
        location: transcriptsScheme.format(location),
        importFrom: location.agents === null ? "auto" : undefined,
        onWarning,
        onProgress,
      });
    } catch (error) {
      // What is damaged is only a copy of what the agents keep: it is made again.
      if (!isSessionError(error, "corrupt") || attempt > 1) throw error;
      cache?.damaged();
    }
  }
}
