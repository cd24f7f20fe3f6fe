import type { SessionErrorCode } from "@thulp-sessions/core";

/**
 * One call as a host sees it, whatever way it has come. Its input is nobody's business but the procedure's.
 */
export interface Call {
  /** E.g. `entries.append`. */
  readonly path: string;
  readonly type: "query" | "mutation" | "subscription";
  /** What the answer carries as `x-request-id`. */
  readonly requestId: string | undefined;
  /** The caller's place in a distributed trace, as W3C's `traceparent` header has it, where it was sent. */
  readonly traceparent: string | undefined;
}

/** How a call ended: `ok`, the code of its error, or `internal` for a failure that nobody foresaw. */
export type CallOutcome = "ok" | "internal" | SessionErrorCode;

/**
 * Stands around every call: for metrics, for spans of a trace. It calls `next` once and gives back what that
 * resolves with; `next` never rejects. A subscription has ended for this purpose when it has begun.
 */
export type CallHook = (call: Call, next: () => Promise<CallOutcome>) => Promise<CallOutcome>;
