import { isSessionError } from "@thulp-sessions/core";
import {
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  type TRPC_ERROR_CODE_KEY,
  TRPCError,
} from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { isInternal, toTrpcError } from "./errors.ts";
import { appRouter } from "./router.ts";

const CODES = {
  400: "BAD_REQUEST",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  405: "METHOD_NOT_SUPPORTED",
  408: "TIMEOUT",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  429: "TOO_MANY_REQUESTS",
} as const satisfies Record<number, TRPC_ERROR_CODE_KEY>;

/** A host's refusal of a request that does not get to the router. The message is for the caller. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: keyof typeof CODES;

  constructor(status: keyof typeof CODES, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The failure of a call, as a host needs it for its answer and its log. */
export interface Failure {
  /** The HTTP status. */
  readonly status: number;
  /** True for an unexpected error: its message is for the log, not for the caller. */
  readonly internal: boolean;
  readonly cause: Error;
}

/** Classifies an error from an adapter's `onError`, or one from before the router was called. */
export function failureOf(error: unknown): Failure {
  const known = trpcErrorOf(error);
  return {
    status: getHTTPStatusCodeFromError(known),
    internal: isInternal(known),
    cause: known.cause ?? known,
  };
}

/** The body of an error that no procedure gave, in the same form as theirs. */
export function errorBody(error: unknown, requestId?: string): string {
  const shape = getTRPCErrorShape({
    config: appRouter._def._config,
    error: trpcErrorOf(error),
    type: "unknown",
    path: undefined,
    input: undefined,
    // The formatter reads nothing else of a context.
    ctx: { requestId } as never,
  });
  return JSON.stringify({ error: shape });
}

function trpcErrorOf(error: unknown): TRPCError {
  if (error instanceof HttpError) {
    return new TRPCError({ code: CODES[error.status], message: error.message, cause: error.cause });
  }
  return getTRPCErrorFromUnknown(isSessionError(error) ? toTrpcError(error) : error);
}
