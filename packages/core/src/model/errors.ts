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

export type SessionErrorCode = (typeof SESSION_ERROR_CODES)[number];

/** Where and why: what a program may want to read out of an error beyond its code. All of it is optional. */
export interface SessionErrorDetails {
  /** The session that the call was about. */
  readonly sessionId?: string;
  /** The field of the input or of the stored session that is wrong, e.g. `entries[3].content.text`. */
  readonly field?: string;
  /** The file or database. */
  readonly path?: string;
  /** Where in that file the damage begins, in bytes from its start. */
  readonly offset?: number;
  /** With `conflict` on an `expectedVersion`: the version the session has now. */
  readonly currentVersion?: string;
  /** With `conflict` on an entry id: that id. */
  readonly entryId?: string;
  /** `unknown` when the call may have been carried out: its answer was lost. */
  readonly outcome?: "unknown";
  /** With `limit_exceeded`: which limit was reached. */
  readonly limit?: {
    readonly kind: "turns" | "entries" | "duration";
    readonly current: number;
    readonly max: number;
  };
}

/** The one error class of thulp-sessions. Whatever a store, the manager or the client refuses is one of these. */
export class SessionError extends Error {
  override readonly name = "SessionError";
  readonly code: SessionErrorCode;
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

/** True for a {@link SessionError}, of this code where one is given; also for one made by another copy of this package. */
export function isSessionError(error: unknown, code?: SessionErrorCode): error is SessionError {
  return (
    error instanceof Error &&
    error.name === "SessionError" &&
    "code" in error &&
    (code === undefined || error.code === code)
  );
}

export function notFound(sessionId: string): SessionError {
  return new SessionError("not_found", `There is no session ${sessionId}.`, { details: { sessionId } });
}

export function alreadyExists(sessionId: string): SessionError {
  return new SessionError(
    "already_exists",
    `There is a session ${sessionId} already. Choose another id, or replace it with saveSession.`,
    { details: { sessionId } },
  );
}

export function versionConflict(sessionId: string, currentVersion: string): SessionError {
  return new SessionError(
    "conflict",
    `Session ${sessionId} was changed since it was read. Read it again and repeat the change.`,
    { details: { sessionId, currentVersion } },
  );
}

export function entryConflict(sessionId: string, entryId: string): SessionError {
  return new SessionError(
    "conflict",
    `Session ${sessionId} has an entry ${entryId} already, with other content. Nothing was written; use a new id.`,
    { details: { sessionId, entryId } },
  );
}

/** The message and the field are cut where they echo too much of an input, which may be megabytes. */
export function invalidInput(message: string, details: SessionErrorDetails = {}): SessionError {
  const { field } = details;
  return new SessionError("invalid_input", shorten(message, MAX_MESSAGE_LENGTH), {
    details: field === undefined ? details : { ...details, field: shorten(field, MAX_FIELD_LENGTH) },
  });
}

const MAX_MESSAGE_LENGTH = 600;
const MAX_FIELD_LENGTH = 300;

/** Cuts the middle out: what is wrong stands at the end, where it is at the beginning. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text.toWellFormed();
  return `${text.slice(0, length / 2)}…${text.slice(-length / 2)}`.toWellFormed();
}
