/** Every code a {@link SessionError} can carry. Codes are API; messages are for people and may change. */
export const SESSION_ERROR_CODES = [
  "not_found",
  "already_exists",
  "conflict",
  "invalid_input",
  "limit_exceeded",
  "corrupt",
  "unsupported",
  "busy",
  "closed",
  "io",
] as const;

/** One of {@link SESSION_ERROR_CODES}. */
export type SessionErrorCode = (typeof SESSION_ERROR_CODES)[number];

/** Where and why: what a program may want to know of an error beyond its code. All of it is optional. */
export interface SessionErrorDetails {
  /** The session that the call was about. */
  readonly sessionId?: string;
  /** The field of the input or of the stored session that is wrong, e.g. `entries[3].content.text`. */
  readonly field?: string;
  /** The file or database. */
  readonly path?: string;
  /** Where in that file the damage begins, in bytes from its start. */
  readonly offset?: number;
  /**
   * With `conflict` on an `expectedVersion`: the version the session has now. Absent where that is not known.
   */
  readonly currentVersion?: string;
  /** With `conflict` on an entry id: that id. */
  readonly entryId?: string;
  /** `unknown` when the answer was lost, so that the call may or may not have been carried out. */
  readonly outcome?: "unknown";
  /** With `limit_exceeded`: which limit was reached. */
  readonly limit?: {
    readonly kind: "turns" | "entries" | "duration";
    readonly current: number;
    readonly max: number;
  };
}

/**
 * The one error class of thulp-sessions: every refusal of a store, the manager or the client is one of these.
 */
export class SessionError extends Error {
  override readonly name = "SessionError";
  /** What went wrong, for programs. Stable: codes are API. */
  readonly code: SessionErrorCode;
  /** Where and why; empty where there is nothing to add. */
  readonly details: SessionErrorDetails;

  constructor(
    code: SessionErrorCode,
    message: string,
    options: { cause?: unknown; details?: SessionErrorDetails } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
  }
}

/**
 * True for a {@link SessionError}, of this code where one is given. Prefer it to `instanceof`: it also knows
 * an error made by another copy of this package.
 */
export function isSessionError(error: unknown, code?: SessionErrorCode): error is SessionError {
  return (
    error instanceof Error &&
    error.name === "SessionError" &&
    "code" in error &&
    (code === undefined || error.code === code)
  );
}

/** `not_found`: there is no session with this id. */
export function notFound(sessionId: string): SessionError {
  return new SessionError("not_found", `There is no session ${sessionId}.`, { details: { sessionId } });
}

/** `already_exists`: `create` was given an id that is taken. */
export function alreadyExists(sessionId: string): SessionError {
  return new SessionError(
    "already_exists",
    `There is a session ${sessionId} already. Choose another id, or replace it with saveSession.`,
    { details: { sessionId } },
  );
}

/** `conflict`: the session has another version than the caller's `expectedVersion`. */
export function versionConflict(sessionId: string, currentVersion: string): SessionError {
  return changedSince(sessionId, { sessionId, currentVersion });
}

/** `conflict` where a session changed while it was being read, and nobody knows its version now. */
export function concurrentChange(sessionId: string): SessionError {
  return changedSince(sessionId, { sessionId });
}

/** `conflict`: the session has another epoch than the caller's `expectedEpoch`. */
export function epochConflict(sessionId: string, currentVersion: string): SessionError {
  return new SessionError(
    "conflict",
    `Entries of session ${sessionId} were removed or replaced since it was read. Read it again, and append ` +
      "what is still wanted.",
    { details: { sessionId, currentVersion } },
  );
}

function changedSince(sessionId: string, details: SessionErrorDetails): SessionError {
  return new SessionError(
    "conflict",
    `Session ${sessionId} was changed since it was read. Read it again and retry the change.`,
    { details },
  );
}

/** `conflict`: an append holds an entry whose id is taken by another one. */
export function entryConflict(sessionId: string, entryId: string): SessionError {
  return new SessionError(
    "conflict",
    `Session ${sessionId} has an entry ${entryId} already, with other content. Nothing was written; use a new id.`,
    { details: { sessionId, entryId } },
  );
}

/**
 * `invalid_input`: an argument that the caller has to correct. `message` says what is wrong and never quotes
 * a content; it and `details.field` are shortened where they echo too much of an input, which may be
 * megabytes.
 */
export function invalidInput(message: string, details: SessionErrorDetails = {}): SessionError {
  const { field } = details;
  return new SessionError("invalid_input", shorten(message, MAX_MESSAGE_LENGTH), {
    details: field === undefined ? details : { ...details, field: shorten(field, MAX_FIELD_LENGTH) },
  });
}

const MAX_MESSAGE_LENGTH = 600;
const MAX_FIELD_LENGTH = 300;

/** Cuts out the middle: the field is named at the beginning, what is wrong with it at the end. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text.toWellFormed();
  return `${text.slice(0, length / 2)}…${text.slice(-length / 2)}`.toWellFormed();
}
