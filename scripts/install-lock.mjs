// One install at a time: two at once, say `npm start` and `npm test` in two terminals of a fresh clone, leave
// a tree that looks installed and is not.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LONGEST_WAIT_MS = 15 * 60_000;
/** What a rename onto a folder that is not empty fails with; the last two on Windows. */
const TAKEN = new Set(["EEXIST", "ENOTEMPTY", "EPERM", "EACCES"]);
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Runs `task` while this process holds the lock: a folder with its process id in it, renamed into place as a
 * whole. That of a process that is gone is taken over, so one that is killed, or exits within `task`, blocks
 * nobody.
 *
 * @param onWait called once, with the id of the process that is waited for.
 * @throws when somebody has held it for a quarter of an hour.
 */
export function withInstallLock(lock, onWait, task) {
  const latest = Date.now() + LONGEST_WAIT_MS;
  let hasWaited = false;
  while (!take(lock)) {
    const holder = holderOf(lock);
    if (holder !== undefined && !isRunning(holder)) {
      breakLock(lock, holder);
      continue;
    }
    if (Date.now() > latest)
      throw new Error(`process ${holder} holds ${lock}: if that installs nothing, delete the folder`);
    // Undefined: it was let go of just now.
    if (holder !== undefined && !hasWaited) {
      hasWaited = true;
      onWait(holder);
    }
    Atomics.wait(sleeper, 0, 0, 100);
  }
  try {
    return task();
  } finally {
    breakLock(lock, process.pid);
  }
}

function take(lock) {
  const own = `${lock}.${process.pid}`;
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, "holder"), String(process.pid));
  try {
    renameSync(own, lock);
    return true;
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    if (TAKEN.has(error.code)) return false;
    throw error;
  }
}

/** Undefined when nobody holds it. */
function holderOf(lock) {
  try {
    return Number(readFileSync(join(lock, "holder"), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Renames it away first: an empty folder in its place would be nobody's. */
function breakLock(lock, holder) {
  const aside = `${lock}.${process.pid}.broken`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  // Somebody was quicker, and has taken it since.
  if (holderOf(aside) !== holder) return renameSync(aside, lock);
  rmSync(aside, { recursive: true, force: true });
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
