import type { Durability } from "@thulp-sessions/core/store";

/** Every setting, checked. Where each may be given stands in the table of settings. */
export interface Settings {
  /** The store's URL, its path absolute. */
  readonly store: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Never `auto`: that stands for what lies beside the store, and is `undefined` while nothing does. */
  readonly token: string | undefined;
  readonly allowedOrigins: readonly string[];
  /** Names by which the server may be called beside its own, in lower case. */
  readonly allowedHosts: readonly string[];
  readonly durability: Durability;
  /** Nothing is written to the store, and every call that would is refused. */
  readonly readOnly: boolean;
  readonly deletion: Deletion;
  /** Bounds on every session, together with those of each call; `undefined` does not bind. */
  readonly maxTurns: number | undefined;
  readonly maxEntries: number | undefined;
  readonly maxDurationMs: number | undefined;
  /** What an append does that meets one of them; `undefined` where there is none. */
  readonly limitAction: LimitAction | undefined;
  /** How many writes may wait before the server answers `busy`. */
  readonly maxWaitingWrites: number;
  /** Whether a server serves the page to look at sessions with. */
  readonly viewer: boolean;
  /** Whether that page may change sessions. */
  readonly viewerWrites: boolean;
  /** What agents may do over MCP. */
  readonly mcp: AgentAccess;
  readonly logLevel: LogLevel;
}

/** `secure`: what is deleted or replaced is in no file of the store when the call has returned. */
export type Deletion = "fast" | "secure";
type AgentAccess = "read" | "write" | "off";
export type LimitAction = "error" | "end_session" | "ignore";
/** `info`: start, stop, warnings and the server's own failures; `debug`: every request too. */
export type LogLevel = "silent" | "error" | "warn" | "info" | "debug";

export type SettingName = keyof Settings;
