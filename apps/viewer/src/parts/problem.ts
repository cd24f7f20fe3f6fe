import { sessionErrorOf } from "@thulp-sessions/client";
import type { SessionErrorCode } from "@thulp-sessions/core";

/** What went wrong, for a person. */
export interface Problem {
  readonly code: SessionErrorCode | "other";
  readonly message: string;
}

/** `null` for a call that was given up on purpose. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Error && error.name === "AbortError") return null;
  const known = sessionErrorOf(error);
  if (known) return { code: known.code, message: known.message };
  const isAbort = error instanceof Error && error.cause instanceof Error && error.cause.name === "AbortError";
  if (isAbort) return null;
  return { code: "other", message: error instanceof Error ? error.message : String(error) };
}
