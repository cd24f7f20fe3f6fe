import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Who holds a lock: enough to tell, from any process on the same machine, whether it still lives. */
export interface LockOwner {
  readonly host: string;
  /** Names the time since the machine was started; `null` where the system does not say. */
  readonly boot: string | null;
  readonly pid: number;
  /** When the process was started, in the system's own unit; `null` where it does not say. */
  readonly started: string | null;
  /** Tells apart the stores of one process. */
  readonly token: string;
  /** It listens on the socket that is named like its file in the folder of locks; see alive-socket.ts. */
  readonly listens: boolean;
  /**
   * What statfs(2) calls the file system of the folder, as this process sees it; `null` where another kernel
   * than its own may have it mounted too.
   */
  readonly fileSystem: number | null;
}

/** Of one that does not listen yet. */
export function newOwner(): LockOwner {
  return {
    host: thisHost(),
    boot: bootId(),
    pid: process.pid,
    started: processStart(process.pid),
    token: randomBytes(8).toString("hex"),
    listens: false,
    fileSystem: null,
  };
}

/** The owner that the text of a lock names, or `null` when it names none. */
export function parseOwner(text: string): LockOwner | null {
  try {
    const owner = JSON.parse(text) as LockOwner;
    const valid =
      typeof owner.host === "string" &&
      isTextOrNull(owner.boot) &&
      Number.isSafeInteger(owner.pid) &&
      isTextOrNull(owner.started) &&
      /^[0-9a-f]{16}$/.test(owner.token);
    if (!valid) return null;
    // Versions of before do not say these.
    const { listens, fileSystem } = owner as Partial<LockOwner>;
    return { ...owner, listens: listens === true, fileSystem: fileSystem ?? null };
  } catch {
    return null;
  }
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}

/**
 * True only when it is certain by what this process sees of others: nothing is of those of another machine or
 * container. See also `lifeOf`.
 */
export function isDead(owner: LockOwner): boolean {
  if (!isHere(owner)) return false;
  const boot = bootId();
  if (owner.boot !== null && boot !== null && owner.boot !== boot) return true;
  if (!processExists(owner.pid) || hasEnded(owner.pid)) return true;
  const started = processStart(owner.pid);
  return owner.started !== null && started !== null && owner.started !== started;
}

/** Is it a process of this machine, as far as one can tell? */
export function isHere(owner: LockOwner): boolean {
  return owner.host === thisHost();
}

export function describeOwner(owner: LockOwner): string {
  return `process ${owner.pid} on ${owner.host}`;
}

/** Also one of another user. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is another user's.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * Process numbers mean something within one pid namespace only: a container counts as a machine of its own.
 */
function thisHost(): string {
  return `${hostname()}${optional(() => `/${readlinkSync("/proc/self/ns/pid")}`) ?? ""}`;
}

function bootId(): string | null {
  return optional(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
}

/**
 * A killed process keeps its number until its parent has noticed. While one of its threads is at work it has
 * not ended.
 */
function hasEnded(pid: number): boolean {
  const state = optional(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0] ?? null;
  });
  return (
    (state === "Z" || state === "X") && (optional(() => readdirSync(`/proc/${pid}/task`).length) ?? 0) <= 1
  );
}

/** Field 22 of /proc/<pid>/stat; the command before it may hold spaces and brackets. */
function processStart(pid: number): string | null {
  return optional(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  });
}

/** Linux shows these under /proc; elsewhere there is nothing to read. */
function optional<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
