import { randomBytes } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 50;
/** Who holds the lock says so that often, */
const BEAT_MS = 2000;
/** and has gone, or stands still, when it was not said for so long. */
const STALE_MS = 15_000;

/**
 * Runs `work` while no other process runs its own under the same lock, a file. A process that has died, or
 * stands still, is not waited for: then two may be at work for a moment, which costs time and nothing else,
 * since the store below decides between them.
 *
 * @throws an `AbortError` when `signal` is aborted while it waits; what the file system or `work` throws.
 */
export async function withCacheLock<T>(
  path: string,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const own = `${process.pid} ${hostname()} ${randomBytes(8).toString("hex")}`;
  while (!(await acquire(path, own))) {
    const holder = await read(path);
    if (holder !== null && (await isGone(path, holder))) await takeAway(path, holder);
    else await sleep(POLL_MS, undefined, { signal });
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS).unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if ((await read(path)) === own) await rm(path, { force: true });
  }
}

async function acquire(path: string, own: string): Promise<boolean> {
  try {
    await writeFile(path, own, { mode: 0o600, flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function isGone(path: string, holder: string): Promise<boolean> {
  const [pid, host, rest] = holder.split(" ");
  // What is not written out yet says nothing.
  if (rest !== undefined && host === hostname() && !isRunning(Number(pid))) return true;
  const stats = await stat(path).catch(() => null);
  return stats !== null && Date.now() - stats.mtimeMs > STALE_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Between two that do so, the second may get the lock that the first has made since: it puts it back. */
async function takeAway(path: string, holder: string): Promise<void> {
  const aside = `${path}-${randomBytes(8).toString("hex")}`;
  try {
    await rename(path, aside);
    const taken = await read(aside);
    if (taken !== null && taken !== holder) await acquire(path, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
