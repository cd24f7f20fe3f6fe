import type { SessionLimits, SessionManager } from "@thulp-sessions/core";
import type { Durability } from "@thulp-sessions/core/store";
import type { CallHook } from "./procedures/call.ts";

/** What `server.info` tells of the process beyond what the store says of itself. */
export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** Which loss the store was told to prevent; `null` where it is not this process that decides. */
  readonly durability: Durability | null;
  /** What holds for every append, together with the limits of the call; `null` for none. */
  readonly limits: SessionLimits | null;
}

/** What a host counts while it runs. */
export interface ServerCounts {
  /** The subscriptions that are open. */
  readonly subscriptions: number;
  /** The writes that have been taken and not answered yet. */
  readonly waitingWrites: number;
}

/** What a host gives the router with every call. */
export interface ApiContext {
  readonly manager: SessionManager;
  readonly info: ServerFacts;
  /** Zero of everything where a host does not count. */
  readonly counts?: (() => ServerCounts) | undefined;
  /** Named in the message of an internal error, so that a person finds it in the log. */
  readonly requestId?: string | undefined;
  /** The caller's place in a distributed trace; the hook is told of it. */
  readonly traceparent?: string | undefined;
  /** Stands around every call. */
  readonly hook?: CallHook | undefined;
}
