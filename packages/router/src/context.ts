import type { SessionLimits, SessionManager } from "@thulp-sessions/core";
import type { Durability } from "@thulp-sessions/core/store";
import type { AnswerLength } from "./answer-length.ts";
import type { CallHook } from "./call.ts";

/** What `server.info` answers about the process. */
export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** What an acknowledged write survives; `null` where another process decides that. */
  readonly durability: Durability | null;
  /** Limits of every append, together with those of the call; `null` for none. */
  readonly limits: SessionLimits | null;
}

/** The current counts of a host, for `server.info`. */
export interface ServerCounts {
  /** Open subscriptions. */
  readonly subscriptions: number;
  /** Writes that were accepted and are not answered yet. */
  readonly waitingWrites: number;
}

/** What a host gives the router with every call. */
export interface ApiContext {
  readonly manager: SessionManager;
  readonly info: ServerFacts;
  /** All counts are 0 when absent. */
  readonly counts?: (() => ServerCounts) | undefined;
  /** Named in the message of an internal error, so that a person finds it in the log. */
  readonly requestId?: string | undefined;
  /** The caller's position in a distributed trace; it is given to the hook. */
  readonly traceparent?: string | undefined;
  /** Bounds what the queries of one request answer together; of a context that serves one request. */
  readonly answerLength?: AnswerLength | undefined;
  /**
   * Why this caller may only read, in words for them: a mutation is refused with 403 and these words, however
   * it is called. Absent for a caller who may write.
   */
  readonly writesRefused?: string | undefined;
  /** Runs around every call. */
  readonly hook?: CallHook | undefined;
}
