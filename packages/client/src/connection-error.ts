import { SessionError } from "@thulp-sessions/core";

/** What says that not a byte of the request has left: there was nobody to take it. */
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/**
 * The server could not be reached, or was lost before its whole answer was there. To callers it is a
 * `SessionError`, `io`.
 */
export class ConnectionError extends SessionError {
  /** False when it is sure that the server has not seen the call. */
  readonly sent: boolean;

  constructor(message: string, options: { readonly cause?: unknown; readonly sent?: boolean } = {}) {
    super("io", message, { cause: options.cause });
    this.sent = options.sent ?? !neverSent(options.cause);
  }
}

/** Node tells in the causes; browsers tell nothing, and then it may have been sent. */
function neverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(neverSent);
  if ("code" in error && NEVER_SENT.has(String(error.code))) return true;
  return neverSent(error.cause);
}
