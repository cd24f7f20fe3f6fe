import { SessionError, type SessionErrorDetails } from "@thulp-sessions/core";

/**
 * What a failure means for the statements that met it.
 * `lost`: the connection, or the server behind it, cannot be used now; another one may.
 * `raced`: another transaction was quicker; the same again may succeed at once.
 * `timeout`: something was held for too long.
 * `fatal`: it would fail again.
 */
export type FailureKind = "lost" | "raced" | "timeout" | "fatal";

const LOST = new Set([
  ..."57P01 57P02 57P03 57P05 25P03 53300".split(" "),
  // A server that was the primary before a failover: pools would stay with it for days.
  "25006",
]);
const RACED = new Set(["40001", "40P01", "23505"]);
const TIMEOUT = new Set(["55P03", "57014", "25P04"]);
const DAMAGE = new Set(["XX001", "XX002", "22021", "22P02", "22P05"]);

/** What `pg-pool` says when no connection has become free in time. */
const POOL_EXHAUSTED = "timeout exceeded when trying to connect";

function isExhausted(error: unknown): boolean {
  return error instanceof Error && error.message === POOL_EXHAUSTED;
}

/** The SQLSTATE of an error that the server has answered; undefined for one of the network. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("severity" in error)) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

export function failureOf(error: unknown): FailureKind {
  if (error instanceof SessionError) return "fatal";
  const state = sqlStateOf(error);
  if (isExhausted(error)) return "timeout";
  // pg has errors without a SQLSTATE for what happens to the socket, and hardly any others.
  if (state === undefined) return error instanceof TypeError ? "fatal" : "lost";
  if (LOST.has(state) || state.startsWith("08")) return "lost";
  if (RACED.has(state)) return "raced";
  return TIMEOUT.has(state) ? "timeout" : "fatal";
}

/** What to do about what a person has to mend. */
const ADVICE: Readonly<Record<string, string>> = {
  "28P01": "The password is wrong: give it in PGPASSWORD, in ~/.pgpass or in the URL.",
  "28000": "The server lets this user not in: see its pg_hba.conf.",
  "3D000": "There is no such database: create it, e.g. by CREATE DATABASE.",
  "3F000": "There is no such schema: run thulp-sessions migrate, or leave out migrate=off.",
  "42P01": "A table is missing: run thulp-sessions migrate, or leave out migrate=off.",
  "42703": "A column is missing: run thulp-sessions migrate, or leave out migrate=off.",
  "42501": "The role lacks a right: docs/postgres.md has what it needs.",
  "53100": "The disk of the server is full: make room on it.",
  "53200": "The server is out of memory.",
};

/** The error as callers get it. @param location without a password. */
export function sessionErrorOf(
  error: unknown,
  location: string,
  details: SessionErrorDetails = {},
): SessionError {
  if (error instanceof SessionError) return error;
  const state = sqlStateOf(error);
  const reason = error instanceof Error ? reasonOf(error) : String(error);
  const make = (code: SessionError["code"], advice: string) =>
    new SessionError(code, `${location}: ${reason}. ${advice}`.trimEnd(), { cause: error, details });
  if (isExhausted(error))
    return make("busy", "All connections that read are in use: try again, or set a larger pool in the URL.");
  if (state === undefined || failureOf(error) === "lost")
    return make("io", "The database cannot be reached: see whether it runs and lets this program in.");
  const advice = ADVICE[state] ?? "";
  if (failureOf(error) === "timeout")
    return make("busy", "Another program holds what this call needs: try again.");
  if (failureOf(error) === "raced") return make("busy", "Others write the same sessions: try again.");
  if (DAMAGE.has(state)) return make("corrupt", "Restore a backup, or see docs/postgres.md.");
  if (/^(42P01|42703|3F000)$/.test(state)) return make("unsupported", advice);
  return make("io", advice);
}

/** Without a full stop at its end, and with the SQLSTATE, by which manuals are searched. */
function reasonOf(error: Error): string {
  const state = sqlStateOf(error);
  // An error of several attempts to connect has its reasons inside.
  const inner = error instanceof AggregateError ? error.errors.map(({ message }) => message).join(", ") : "";
  const text = (error.message || inner).replace(/[.\s]+$/, "");
  return state === undefined ? text : `${text} (${state})`;
}
