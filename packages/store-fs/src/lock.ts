import fs from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { io, ioError, isErrno } from "./disk.ts";
import { describeOwner, isDead, type LockOwner, newOwner, parseOwner } from "./owner.ts";

/** How long to wait before looking at a held lock again: doubled each time from the first to the last, in ms. */
const FIRST_WAIT_MS = 1;
const LAST_WAIT_MS = 20;

/** The clock may have been set since the machine was started. */
const BOOT_MARGIN_MS = 60_000;

/**
 * The locks of a folder of sessions, in its subfolder `.locks`. A lock is a hard link to the owner's file, so it appears
 * with its content in one step. It is taken over only from an owner that is dead, and by one taker only: whoever takes
 * over the lock of owner T first has to hold the lock named after T.
 */
export class LockFolder {
  readonly #folder: string;
  readonly #owner: LockOwner = newOwner();
  readonly #ownerFile: string;
  readonly #timeoutMs: number;

  /** @param timeoutMs how long to wait for others before the call fails with `busy`. */
  constructor(sessionsFolder: string, timeoutMs: number) {
    this.#folder = join(sessionsFolder, ".locks");
    this.#ownerFile = join(this.#folder, `owner-${this.#owner.token}`);
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs `work` while nobody else holds the lock of that name.
   *
   * @throws {SessionError} busy when somebody holds it for longer than `timeoutMs`.
   */
  async hold<T>(name: string, work: () => Promise<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    const lock = join(this.#folder, `${name}.lock`);
    await this.#acquire(lock, timeoutMs);
    try {
      return await work();
    } finally {
      release(lock);
    }
  }

  close(): void {
    fs.rmSync(this.#ownerFile, { force: true });
  }

  async #acquire(lock: string, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (let wait = FIRST_WAIT_MS; !this.#tryAcquire(lock); wait = Math.min(wait * 2, LAST_WAIT_MS)) {
      if (performance.now() >= deadline) throw busy(lock, timeoutMs);
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
    }
  }

  #tryAcquire(lock: string): boolean {
    if (this.#link(lock)) return true;
    const owner = readOwner(lock);
    if (owner === "gone" || !(owner === null ? isFromBeforeBoot(lock) : isDead(owner))) return false;
    const takeover = `${lock}.${owner?.token ?? "unnamed"}`;
    if (!this.#tryAcquire(takeover)) return false;
    try {
      const now = readOwner(lock);
      if (now === "gone" || now?.token !== owner?.token) return false;
      // The dead one's link goes, ours comes: in between only somebody who comes new can be quicker, and then has it.
      io(lock, "remove", () => fs.unlinkSync(lock));
      return this.#link(lock);
    } finally {
      release(takeover);
    }
  }

  /** True when the lock was free and is ours now. */
  #link(lock: string): boolean {
    for (let tries = 1; ; tries++) {
      try {
        fs.linkSync(this.#ownerFile, lock);
        return true;
      } catch (error) {
        if (isErrno(error, "EEXIST")) return false;
        if (!isErrno(error, "ENOENT") || tries > 1) throw ioError(lock, "create the lock", error);
        this.#writeOwnerFile();
      }
    }
  }

  /** At the first lock, and again if somebody has cleaned up. */
  #writeOwnerFile(): void {
    io(this.#ownerFile, "create", () => {
      fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      removeOwnersOfTheDead(this.#folder);
      fs.writeFileSync(this.#ownerFile, JSON.stringify(this.#owner), { mode: 0o600 });
    });
  }
}

/** Somebody who has cleaned up the folder meanwhile is no reason to fail a call that has done its work. */
function release(lock: string): void {
  io(lock, "remove", () => fs.rmSync(lock, { force: true }));
}

/** `null` when the lock names no owner. */
function readOwner(lock: string): LockOwner | null | "gone" {
  try {
    return parseOwner(fs.readFileSync(lock, "utf8"));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return "gone";
    throw ioError(lock, "read", error);
  }
}

/** A power cut can leave a lock without its content. Files that are older than the machine's start belong to nobody. */
function isFromBeforeBoot(lock: string): boolean {
  const bootedAt = Date.now() - uptime() * 1000;
  const stat = fs.statSync(lock, { throwIfNoEntry: false });
  return stat !== undefined && stat.mtimeMs < bootedAt - BOOT_MARGIN_MS;
}

function removeOwnersOfTheDead(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    if (!/^owner-[0-9a-f]{16}$/.test(name)) continue;
    const owner = readOwner(join(folder, name));
    if (owner !== "gone" && owner !== null && isDead(owner)) fs.rmSync(join(folder, name), { force: true });
  }
}

function busy(lock: string, timeoutMs: number): SessionError {
  const owner = readOwner(lock);
  const holder =
    owner === "gone" ? "others in turn" : owner === null ? "nobody it names" : describeOwner(owner);
  const advice =
    owner === null
      ? "If no program writes there, remove that file."
      : "Repeat the call; if that process hangs, end it: its lock is then taken over.";
  return new SessionError("busy", `The lock ${lock} was held for ${timeoutMs} ms by ${holder}. ${advice}`, {
    details: { path: lock },
  });
}
