import {
  isSessionError,
  type SessionError,
  type SessionErrorCode,
  type SessionErrorDetails,
} from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { type TRPC_ERROR_CODE_KEY, TRPCError } from "@trpc/server";
import { z } from "zod";
import type { CallOutcome } from "./call.ts";

/** What every error of the API carries as `data.sessionError`. */
export interface SessionErrorData {
  readonly code: SessionErrorCode;
  readonly message: string;
  readonly details: SessionErrorDetails;
}

/**
 * The tRPC code of each error code, and with it the HTTP status. Clients of subscriptions reconnect by
 * themselves after a status of 500 or above: only what may succeed on the next attempt has one.
 */
export const TRPC_CODES: Readonly<Record<SessionErrorCode, TRPC_ERROR_CODE_KEY>> = {
  not_found: "NOT_FOUND",
  already_exists: "CONFLICT",
  conflict: "CONFLICT",
  invalid_input: "BAD_REQUEST",
  limit_exceeded: "UNPROCESSABLE_CONTENT",
  corrupt: "UNPROCESSABLE_CONTENT",
  unsupported: "UNPROCESSABLE_CONTENT",
  busy: "SERVICE_UNAVAILABLE",
  closed: "SERVICE_UNAVAILABLE",
  io: "INTERNAL_SERVER_ERROR",
};

/** Gives a `SessionError` and a `ZodError` their tRPC codes; anything else stays as it is. */
export function toTrpcError(error: unknown): unknown {
  const cause = error instanceof TRPCError ? error.cause : error;
  if (isSessionError(cause)) return fromSessionError(cause);
  if (cause instanceof z.ZodError) return fromSessionError(inputError(cause));
  return error;
}

/** True for an unexpected error: its message is for the log, not for the caller. */
export function isInternal(error: TRPCError): boolean {
  return error.code === "INTERNAL_SERVER_ERROR" && !isSessionError(error.cause);
}

/** The outcome of a call that has failed with this error. */
export function outcomeOf(error: TRPCError): CallOutcome {
  const known = toTrpcError(error) as TRPCError;
  return isInternal(known) ? "internal" : describeError(known).code;
}

/** What the caller gets to see. Of an internal error that is nothing but where to look. */
export function describeError(error: TRPCError, requestId?: string): SessionErrorData {
  const { cause } = error;
  if (isSessionError(cause)) return { code: cause.code, message: cause.message, details: cause.details };
  if (isInternal(error)) {
    const request = requestId === undefined ? "" : ` (request ${requestId})`;
    return {
      code: "io",
      message: `The server failed on this call${request}. Its log says why.`,
      details: {},
    };
  }
  const message =
    cause instanceof SyntaxError ? `The input is not valid JSON: ${cause.message}` : error.message;
  // A missing procedure must not look like a missing session.
  return { code: error.code === "NOT_FOUND" ? "unsupported" : "invalid_input", message, details: {} };
}

function fromSessionError(cause: SessionError): TRPCError {
  return new TRPCError({ code: TRPC_CODES[cause.code], message: cause.message, cause });
}

function inputError(error: z.ZodError): SessionError {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const field = path.reduce<string>(
    (text, part) =>
      typeof part === "number"
        ? `${text}[${part}]`
        : [text, String(part).slice(0, 64)].filter(Boolean).join("."),
    "",
  );
  const shown = field === "" ? "input" : field;
  return invalidInput(`${shown}: ${(issue?.message ?? "is not valid").slice(0, 500)}.`, { field: shown });
}
