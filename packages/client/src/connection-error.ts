import { SessionError } from "@thulp-sessions/core";

/** The errors after which it is certain that no byte of the request was sent. */
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/**
 * The server could not be reached, or the connection broke before the answer was complete. To callers it is a
 * `SessionError` with the code `io`.
 */
export class ConnectionError extends SessionError {
  /** False when it is certain that the server has not seen the call. */
  readonly sent: boolean;

  constructor(message: string, options: { readonly cause?: unknown; readonly sent?: boolean } = {}) {
    super("io", message, { cause: options.cause });
    this.sent = options.sent ?? !neverSent(options.cause);
  }
}

/** Node says it in the causes. Browsers say nothing, so that the request may have been sent. */
function neverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(neverSent);
  if ("code" in error && NEVER_SENT.has(String(error.code))) return true;
  return neverSent(error.cause);
}
