import { isSessionError, SessionError } from "@thulp-sessions/core";

/** Runs file calls; what they throw becomes an `io` error that names the path. SessionErrors pass. */
export function io<T>(path: string, doing: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw ioError(path, doing, error);
  }
}

export function ioError(path: string, doing: string, error: unknown): SessionError {
  if (isSessionError(error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const hint =
    code === "ENOSPC" || code === "EDQUOT"
      ? " The disk is full: make room and repeat the call."
      : code === "EACCES" || code === "EPERM" || code === "EROFS"
        ? " Check the permissions of the file and its folder."
        : "";
  return new SessionError("io", `Could not ${doing} ${path}: ${message}.${hint}`, {
    cause: error,
    details: { path },
  });
}

/** Under our lock only programs that take none can have been there. */
export function changedMeanwhile(path: string): SessionError {
  return new SessionError(
    "busy",
    `${path} was changed by a program that takes no lock. Nothing was written; repeat the call.`,
    {
      details: { path },
    },
  );
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
