import fs from "node:fs";
import { join } from "node:path";
import { parseSessionId, SessionError, type SessionId } from "@thulp-sessions/core";
import { isCanonicalUuid, type SessionLock } from "@thulp-sessions/core/store";
import { FileClock } from "../disk/file-clock.ts";
import { ioError, isErrno } from "../disk/io-error.ts";
import { LOCKS_FOLDER } from "../disk/names.ts";
import { LOCK_ENDING, LockFiles, readOwner } from "../lock/lock-files.ts";
import { describeOwner, isHere } from "../lock/lock-owner.ts";
import { lifeOf } from "../lock/owner-life.ts";

/** The locks on the sessions of a folder, in the order of their names. Nothing is changed. */
export async function readLocks(folder: string): Promise<SessionLock[]> {
  const locks: SessionLock[] = [];
  for (const name of lockNames(join(folder, LOCKS_FOLDER))) {
    const stem = name.slice(0, -LOCK_ENDING.length);
    const lock = isCanonicalUuid(stem) ? await readLock(folder, stem as SessionId) : null;
    if (lock) locks.push(lock);
  }
  return locks;
}

/** See `SessionwiseMaintenance.unlock`. */
export async function unlock(folder: string, id: string): Promise<SessionLock | null> {
  const sessionId = parseSessionId(id);
  const lock = await readLock(folder, sessionId);
  if (lock === null) return null;
  if (lock.owner === "lives") {
    throw new SessionError(
      "busy",
      `The lock ${lock.path} is held by ${lock.holder}, which lives. Nothing was removed; end that process, and it is free.`,
      { details: { path: lock.path, sessionId } },
    );
  }
  const files = new LockFiles(folder, new FileClock());
  try {
    const owner = readOwner(lock.path);
    if (owner === "gone") return null;
    // Under the name of this process it is released like any other.
    if (!(await files.takeOver(lock.path, owner))) {
      const message = `The lock ${lock.path} is another's by now. Nothing was removed; try again.`;
      throw new SessionError("busy", message, { details: { path: lock.path, sessionId } });
    }
    files.release(lock.path);
    return lock;
  } finally {
    files.close();
  }
}

async function readLock(folder: string, sessionId: SessionId): Promise<SessionLock | null> {
  const locks = join(folder, LOCKS_FOLDER);
  const path = join(locks, sessionId + LOCK_ENDING);
  const owner = readOwner(path);
  if (owner === "gone") return null;
  if (owner === null)
    return { sessionId, path, holder: "nobody that it names", owner: "unknown", isHere: false };
  return {
    sessionId,
    path,
    holder: describeOwner(owner),
    owner: await lifeOf(locks, owner),
    isHere: isHere(owner),
  };
}

function lockNames(locks: string): string[] {
  try {
    return fs
      .readdirSync(locks)
      .filter((name) => name.endsWith(LOCK_ENDING))
      .sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(locks, "list", error);
  }
}
