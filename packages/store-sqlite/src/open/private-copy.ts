import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { isSessionError, SessionError } from "@thulp-sessions/core";
import { sleep } from "../connection/real-time.ts";

/** The folders of the command line begin so too, and each clears what the other has left. */
const PREFIX = "thulp-sessions-";
/** A process that is not seen from here may be one of a container that shares the folder. */
const LEFTOVER_MS = 3_600_000;
const FILES = ["", "-wal", "-journal"];
const MAX_ATTEMPTS = 5;
const PAUSE_MS = 100;

/** A database and its log in a folder of their own, which only this user can open. */
export interface PrivateCopy {
  readonly file: string;
  /** May be called again. Where the system allows it, an open file may be removed. */
  readonly remove: () => void;
}

/**
 * Copies a database with its log into the folder for temporary files. Must not be called for a file that this
 * process has open (open-files.ts).
 *
 * @throws {SessionError} busy where it was written to all the time; io.
 */
export async function copyPrivately(file: string): Promise<PrivateCopy> {
  removeLeftovers();
  let folder: string | null = null;
  const remove = () => {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  };
  try {
    folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
    const copy = join(folder, basename(file));
    for (let i = 1; ; i++) {
      const before = stateOf(file);
      await copyAll(file, copy);
      if (stateOf(file) === before) return { file: copy, remove };
      if (i === MAX_ATTEMPTS) throw alwaysWritten(file);
      await sleep(PAUSE_MS);
    }
  } catch (cause) {
    remove();
    if (cause instanceof SessionError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SessionError(
      "io",
      `${file} cannot be read where it is, and could not be copied to ${folder ?? tmpdir()}: ${reason}.`,
      { cause, details: { path: file } },
    );
  }
}

/** An error of reading the copy, of the file that was copied. */
export function inTermsOf(file: string, copy: PrivateCopy, error: unknown): unknown {
  if (!isSessionError(error)) return error;
  const { code, message, cause, details } = error;
  const path = details.path?.replace(copy.file, file);
  return new SessionError(code, message.replaceAll(copy.file, file), {
    cause,
    details: { ...details, ...(path === undefined ? {} : { path }) },
  });
}

async function copyAll(file: string, copy: string): Promise<void> {
  for (const suffix of FILES) {
    rmSync(copy + suffix, { force: true });
    if (!statSync(file + suffix, { throwIfNoEntry: false })) continue;
    await copyFile(file + suffix, copy + suffix);
    chmodSync(copy + suffix, 0o600);
  }
}

function stateOf(file: string): string {
  return FILES.map((suffix) => statSync(file + suffix, { bigint: true, throwIfNoEntry: false }))
    .map((stats) => `${stats?.ino} ${stats?.size} ${stats?.mtimeNs}`)
    .join();
}

function alwaysWritten(file: string): SessionError {
  return new SessionError(
    "busy",
    `${file} was written to whenever it was copied to be read. Nothing was done; try again.`,
    { details: { path: file } },
  );
}

/** What killed processes have left: it holds sessions. Another user's stays. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const path = join(tmpdir(), name);
    try {
      const stats = lstatSync(path);
      if (stats.isDirectory() && Date.now() - stats.mtimeMs >= LEFTOVER_MS) rmSync(path, { recursive: true });
    } catch {
      // Nothing depends on it.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
