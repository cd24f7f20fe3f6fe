import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Session, SessionError } from "@thulp-sessions/core";

/** A session as it stands in the file. An entry's `seq` is its place in the list. */
export interface SessionRecord extends Session {
  version: string;
  epoch: string;
}

export interface Blob {
  /**
   * Counts the changes of all sessions, so that no version comes back, not even of a session that was
   * deleted.
   */
  changes: number;
  sessions: Record<string, SessionRecord>;
}

/** How long another process may hold the file, in milliseconds. */
const PATIENCE_MS = 5000;

/** What the file holds now. It is only ever renamed into place, so that nobody reads half of it. */
export async function readBlob(file: string): Promise<Blob> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    // That there is none yet is the one failure that means "empty".
    if (isCode(error, "ENOENT")) return { changes: 0, sessions: {} };
    throw ioError(file, error);
  }
  try {
    return JSON.parse(text) as Blob;
  } catch (cause) {
    throw new SessionError("corrupt", `${file} is not JSON. It was left as it is.`, {
      cause,
      details: { path: file },
    });
  }
}

/**
 * Changes the file as one step: read, `work`, write, while no other process does the same. Nothing is written
 * when `work` throws.
 */
export async function changeBlob<T>(file: string, work: (blob: Blob) => T): Promise<T> {
  const lock = `${file}.lock`;
  await takeLock(file, lock);
  try {
    const blob = await readBlob(file);
    const before = blob.changes;
    const answer = work(blob);
    if (blob.changes !== before) await writeBlob(file, blob);
    return answer;
  } finally {
    await rm(lock, { force: true });
  }
}

async function writeBlob(file: string, blob: Blob): Promise<void> {
  const fresh = `${file}.new`;
  try {
    const handle = await open(fresh, "w", 0o600);
    try {
      await handle.writeFile(JSON.stringify(blob));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
    // Only then does the new name outlive a power cut. Windows opens no folders, and syncs names by itself.
    if (process.platform !== "win32") {
      const folder = await open(dirname(file));
      await folder.sync().finally(() => folder.close());
    }
  } catch (error) {
    throw ioError(file, error);
  }
}

async function takeLock(file: string, lock: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; ; await pause(5)) {
    try {
      return await (await open(lock, "wx", 0o600)).close();
    } catch (error) {
      if (!isCode(error, "EEXIST")) throw ioError(file, error);
      if (Date.now() > end)
        throw new SessionError(
          "busy",
          `Another process holds ${lock}. If none is running, remove that file.`,
        );
    }
  }
}

function ioError(file: string, cause: unknown): SessionError {
  return new SessionError("io", `${file} cannot be read or written: ${(cause as Error).message}`, { cause });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
