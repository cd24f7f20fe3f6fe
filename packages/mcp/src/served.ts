import type { McpServer } from "@modelcontextprotocol/server";
import type { EntryViews } from "@thulp-sessions/core/view";
import type { VisibleSessions } from "./visible-sessions.ts";

/** What the tools, resources and prompts of one server share. */
export interface Served {
  readonly server: McpServer;
  readonly sessions: VisibleSessions;
  /** How long an answer may be, in characters of its JSON text. */
  readonly maxChars: number;
  /** What the entries of sessions say, by the tags of these. */
  readonly views: EntryViews;
  /** Hears of faults of which an agent is told nothing. */
  readonly onError: (error: Error) => void;
}
