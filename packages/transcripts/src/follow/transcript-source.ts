import type { AgentReader, AgentRoot } from "../model/agent-reader.ts";

/** An agent, and where its histories are. */
export interface TranscriptSource {
  readonly reader: AgentReader;
  /** What the reader's `roots` gives; or paths of roots, of folders within, or of single files. */
  readonly paths: readonly (string | AgentRoot)[];
}
