import { rmSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

// What a command writes holds sessions as plain text, until it is complete or was read. Whatever ends the
// command, nothing of it stays: a signal removes it, and what a kill has left, the next command of its kind.

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A process that is not seen from here may be one of a container that shares the folder. */
const LEFTOVER_MS = 3_600_000;

const unfinished = new Set<string>();

/**
 * Removes a file or folder should a signal end the process before `finished` is called with it. Where a
 * command ends itself in good order at a signal, it removes it then.
 */
export function begun(path: string): void {
  if (unfinished.size === 0) for (const signal of SIGNALS) process.on(signal, onSignal);
  unfinished.add(path);
}

export function finished(path: string): void {
  unfinished.delete(path);
  if (unfinished.size === 0) for (const signal of SIGNALS) process.off(signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  for (const path of unfinished) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Where it cannot be removed now, a later command tries again.
    }
  }
  // Nobody listens any more: the signal does what it does to any process.
  for (const each of SIGNALS) process.off(each, onSignal);
  process.kill(process.pid, signal);
}

/**
 * Removes what commands have left in a folder that were killed more than an hour ago.
 *
 * @param name what their names look like, the number of the process as its first group.
 */
export async function removeLeftovers(folder: string, name: RegExp): Promise<void> {
  for (const each of await readdir(folder).catch(() => [])) {
    const [, pid] = name.exec(each) ?? [];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const path = join(folder, each);
    const stat = await lstat(path).catch(() => null);
    if (!stat || stat.isSymbolicLink() || Date.now() - stat.mtimeMs < LEFTOVER_MS) continue;
    // Another user's stays.
    await rm(path, { recursive: true, force: true }).catch(() => {});
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
