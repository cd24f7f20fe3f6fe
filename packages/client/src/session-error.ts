import {
  isSessionError,
  SESSION_ERROR_CODES,
  SessionError,
  type SessionErrorCode,
  type SessionErrorDetails,
} from "@thulp-sessions/core";
import { TRPCClientError } from "@trpc/client";

/**
 * The {@link SessionError} in an error of the client: the server's own, or `io` when the server could not be
 * reached or is no thulp-sessions server. `undefined` for a call that the caller has aborted, and for other
 * errors.
 */
export function sessionErrorOf(error: unknown): SessionError | undefined {
  if (isSessionError(error)) return error;
  if (!(error instanceof TRPCClientError)) return undefined;
  if (isSessionError(error.cause)) return error.cause;
  if (isAbort(error.cause)) return undefined;
  const sent = fromServer(error.data, error);
  if (sent) return sent;
  const message = `The answer is not one of a thulp-sessions server: ${error.message}. Check the URL.`;
  return new SessionError("io", message, { cause: error });
}

/** The error in the `data` of an answer, if it holds one. */
export function fromServer(data: unknown, cause?: unknown): SessionError | undefined {
  const { sessionError } = isRecord(data) ? data : {};
  const { code, message, details } = isRecord(sessionError) ? sessionError : {};
  if (typeof message !== "string") return undefined;
  return new SessionError(
    SESSION_ERROR_CODES.find((each) => each === code) ?? CODE_OF_NEWER_SERVER,
    message,
    {
      cause,
      details: isRecord(details) ? (details as SessionErrorDetails) : {},
    },
  );
}

const CODE_OF_NEWER_SERVER: SessionErrorCode = "unsupported";

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
