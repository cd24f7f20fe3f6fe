import type { SessionErrorCode } from "@thulp-sessions/core";

/**
 * A call as a hook sees it, by whatever transport it came. It does not have the input, which may be
 * confidential.
 */
export interface Call {
  /** E.g. `entries.append`. */
  readonly path: string;
  readonly type: "query" | "mutation" | "subscription";
  /** What the answer carries as `x-request-id`. */
  readonly requestId: string | undefined;
  /** The caller's position in a distributed trace: the `traceparent` header (W3C), if it was sent. */
  readonly traceparent: string | undefined;
}

/** How a call ended: `ok`, the code of its error, or `internal` for an unexpected failure. */
export type CallOutcome = "ok" | "internal" | SessionErrorCode;

/**
 * Runs around every call, for metrics or the spans of a trace. It calls `next` once and returns what that
 * resolves with; `next` never rejects. For a subscription, `next` resolves when it has started.
 */
export type CallHook = (call: Call, next: () => Promise<CallOutcome>) => Promise<CallOutcome>;
