import fs from "node:fs";
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
  return new SessionError("io", `Could not ${doing} ${path}: ${message}.${hintFor(code, path)}`, {
    cause: error,
    details: { path },
  });
}

function hintFor(code: string | undefined, path: string): string {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return " The disk is full: make room and repeat the call.";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return ` Check the permissions of the file and its folder.${ownerOf(path)}`;
    case "EMLINK":
      return " The file system allows no more links to one file: another program keeps locks there.";
    default:
      return "";
  }
}

/** What a command with sudo may have left. */
function ownerOf(path: string): string {
  try {
    const user = process.geteuid?.();
    const { uid } = fs.lstatSync(path);
    return uid === user ? "" : ` It belongs to user ${uid}, and this is user ${user}.`;
  } catch {
    return "";
  }
}

/** Under our lock only a program that takes no lock can have been there. */
export function changedMeanwhile(path: string): SessionError {
  return new SessionError(
    "busy",
    `${path} was changed by a program that takes no lock. Nothing was written; repeat the call.`,
    { details: { path } },
  );
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
