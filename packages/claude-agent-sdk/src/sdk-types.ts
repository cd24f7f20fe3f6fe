// The interface of the SDK as far as a store needs it, declared here: nothing of the SDK is loaded, and its
// types are not needed either. It is structural: what has this shape is the SDK's `SessionStore`.

/** Names a transcript: the main one of a session, or one beside it, e.g. of a sub-agent. */
export interface ClaudeSessionKey {
  readonly projectKey: string;
  readonly sessionId: string;
  /** Absent for the main transcript; never empty. */
  readonly subpath?: string | undefined;
}

/** A line of a transcript: JSON with a `type`. */
export type ClaudeEntry = {
  type: string;
  uuid?: string;
  timestamp?: string;
  [key: string]: unknown;
};

/** What the SDK keeps of a session for its lists. `data` is its own. */
export type ClaudeSummary = {
  sessionId: string;
  /** Milliseconds since the Unix epoch. */
  mtime: number;
  data: Record<string, unknown>;
};

/** `foldSessionSummary` of the SDK. */
export type FoldSessionSummary = (
  previous: ClaudeSummary | undefined,
  key: { projectKey: string; sessionId: string },
  entries: ClaudeEntry[],
  options?: { mtime?: number },
) => ClaudeSummary;

/** The SDK's `SessionStore`, of which every method is there but perhaps the last. */
export interface ClaudeSessionStore {
  /**
   * Appends to a transcript. An entry whose `uuid` is there already is not stored again, whatever it holds;
   * within one process the calls are stored in their order, each whole.
   *
   * @throws {TypeError} for an empty `subpath`, names that are too long, and what JSON cannot hold.
   */
  append(key: ClaudeSessionKey, entries: ClaudeEntry[]): Promise<void>;
  /** All entries, in the order in which they were appended; `null` where there are none. */
  load(key: ClaudeSessionKey): Promise<ClaudeEntry[] | null>;
  /** The sessions of a project, in no order. `mtime`: milliseconds since 1970. */
  listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]>;
  /** Removes a transcript, with the main one those beside it. One that is not there is no error. */
  delete(key: ClaudeSessionKey): Promise<void>;
  /** The transcripts beside the main one. */
  listSubkeys(key: { projectKey: string; sessionId: string }): Promise<string[]>;
  /** The summaries of a project's sessions. Only where `foldSessionSummary` was given. */
  listSessionSummaries?(projectKey: string): Promise<ClaudeSummary[]>;
}
