import type { SessionManager } from "@thulp-sessions/core";

/** What `server.info` tells of the process beyond what the store says of itself. */
export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** Which loss the store was told to prevent; `null` where it is not this process that decides. */
  readonly durability: "full" | "relaxed" | null;
}

/** What a host gives the router with every call. */
export interface ApiContext {
  readonly manager: SessionManager;
  readonly info: ServerFacts;
  /** Named in the message of an internal error, so that a person finds it in the log. */
  readonly requestId?: string | undefined;
}
