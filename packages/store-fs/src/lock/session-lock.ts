import fs from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { isSessionError, SessionError } from "@thulp-sessions/core";
import { hasExactTimes } from "../disk/file-clock.ts";
import { io, ioError, isErrno } from "../disk/io-error.ts";
import { closeFile } from "../disk/read-file.ts";
import { writeFully } from "../disk/write-file.ts";
import {
  describeOwner,
  isDead,
  isHere,
  type LockOwner,
  newOwner,
  parseOwner,
  processExists,
} from "./lock-owner.ts";

/** How long to wait before looking at a held lock again: doubled each time from the first to the last, in ms. */
const FIRST_WAIT_MS = 1;
const LAST_WAIT_MS = 20;

/** The clock may have been set since the machine was started. */
const BOOT_MARGIN_MS = 60_000;

/** How long a lock is kept at most while others wait for it, in ms. */
const LONGEST_BURST_MS = 5;

const LOCK_ENDING = ".lock";

/** A lock that is held, with work going on or just done. */
interface Held {
  readonly lock: string;
  readonly release: () => void;
  since: number;
  working: boolean;
  /** It is let go of at the end of this turn of the event loop, unless work goes on. */
  ending: boolean;
}

interface HoldOptions {
  /** How long to wait for others; that of the folder when absent. */
  readonly timeoutMs?: number;
  /** Called when the lock is let go, which may be some pieces of work later. */
  readonly onRelease?: () => void;
}

/**
 * The locks of a folder of sessions, in its subfolder `.locks`. A lock is a hard link to the owner's file, so it appears
 * with its content in one step. It is taken over only from an owner that is dead, and by one taker only: whoever takes
 * over the lock of owner T first has to hold the lock named after T.
 *
 * A lock is kept from one piece of work to the next if that comes at once, since taking it costs more than an append.
 * Whoever waits leaves a note, and gets it after {@link LONGEST_BURST_MS} at the latest.
 */
export class LockFolder {
  readonly #folder: string;
  readonly #owner: LockOwner = newOwner();
  readonly #ownerFile: string;
  readonly #timeoutMs: number;
  readonly #held = new Map<string, Held>();
  /** Tells our links from those of others. */
  #ownerInode = 0n;
  #exactTimes = false;

  /** @param timeoutMs how long to wait for others before the call fails with `busy`. */
  constructor(sessionsFolder: string, timeoutMs: number) {
    this.#folder = join(sessionsFolder, ".locks");
    this.#ownerFile = join(this.#folder, `owner-${this.#owner.token}`);
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs `work` while nobody else holds the lock of that name. One piece of work at a time for each name. Where the lock is
   * held already, what `work` gives or throws without a promise is given and thrown so.
   *
   * @throws {SessionError} busy when somebody holds it for too long.
   */
  hold<T>(name: string, work: () => Promise<T>, options?: HoldOptions): Promise<T>;
  hold<T>(name: string, work: () => T | Promise<T>, options?: HoldOptions): T | Promise<T>;
  hold<T>(
    name: string,
    work: () => T | Promise<T>,
    { timeoutMs = this.#timeoutMs, onRelease = () => {} }: HoldOptions = {},
  ): T | Promise<T> {
    const known = this.#held.get(name);
    // Without a wait in between: most appends come one after the other.
    if (known && performance.now() - known.since < LONGEST_BURST_MS) return this.#during(name, known, work);
    return this.#take(name, timeoutMs, onRelease).then((held) => this.#during(name, held, work));
  }

  #during<T>(name: string, held: Held, work: () => T | Promise<T>): T | Promise<T> {
    held.working = true;
    let result: T | Promise<T>;
    try {
      result = work();
    } catch (error) {
      this.#ended(name, held);
      throw error;
    }
    if (result instanceof Promise) return result.finally(() => this.#ended(name, held));
    this.#ended(name, held);
    return result;
  }

  #ended(name: string, held: Held): void {
    held.working = false;
    this.#letGoWhenIdle(name, held);
  }

  /** Work that comes in the same turn finds it held. */
  #letGoWhenIdle(name: string, held: Held): void {
    if (held.ending) return;
    held.ending = true;
    setImmediate(() => {
      held.ending = false;
      if (!held.working) this.#letGo(name, held);
    });
  }

  /** Takes away the locks and the files that dead processes have left, where nobody else is at it: nobody may ever ask for them again. */
  async clearLeft(): Promise<void> {
    try {
      removeOwnersOfTheDead(this.#folder);
    } catch (error) {
      // Whoever may only read here leaves them to others.
      if (!isSessionError(error)) throw error;
    }
    for (const name of namesIn(this.#folder)) {
      if (!name.endsWith(LOCK_ENDING)) continue;
      const owner = readOwner(join(this.#folder, name));
      if (owner === "gone" || owner === null || !isDead(owner)) continue;
      await this.hold(name.slice(0, -LOCK_ENDING.length), async () => {}, { timeoutMs: 0 }).catch((error) => {
        if (!isSessionError(error)) throw error;
      });
    }
  }

  /** Does every change of a file in here give it times of its own? Known as soon as a lock was held. */
  get exactTimes(): boolean {
    return this.#exactTimes;
  }

  close(): void {
    for (const [name, held] of this.#held) this.#letGo(name, held);
    unlink(this.#ownerFile);
  }

  async #take(name: string, timeoutMs: number, onRelease: () => void): Promise<Held> {
    const known = this.#held.get(name);
    if (known) {
      // Somebody may have removed it by hand, against all advice: then it is somebody else's now, or nobody's.
      if (isOwnLink(known.lock, this.#ownerInode) && !isWanted(known.lock)) {
        known.since = performance.now();
        return known;
      }
      this.#letGo(name, known);
      // Whoever waits looks again within this time.
      await new Promise((resolve) => setTimeout(resolve, LAST_WAIT_MS));
    }
    const lock = join(this.#folder, name + LOCK_ENDING);
    await this.#acquire(lock, timeoutMs);
    const held = { lock, release: onRelease, since: performance.now(), working: false, ending: false };
    this.#held.set(name, held);
    return held;
  }

  /** Where the disk refuses even that, the lock stays ours: the next work on the session finds it held, and tries again. */
  #letGo(name: string, held: Held): void {
    if (this.#held.get(name) !== held) return;
    try {
      held.release();
      release(held.lock, this.#ownerInode);
      this.#held.delete(name);
    } catch {
      // Nobody waits for this call; whoever needs the lock elsewhere is told that it is busy, and by whom.
    }
  }

  async #acquire(lock: string, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (let wait = FIRST_WAIT_MS; !this.#tryAcquire(lock); wait = Math.min(wait * 2, LAST_WAIT_MS)) {
      if (performance.now() >= deadline) throw busy(lock, timeoutMs);
      leaveNote(lock);
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
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
      release(takeover, this.#ownerInode);
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

  /**
   * At the first lock, and again if somebody has cleaned up. In one step, so that no lock can name nobody; never with a
   * new folder of sessions, since that would hide that the old one is gone.
   */
  #writeOwnerFile(): void {
    io(this.#ownerFile, "create", () => {
      makeFolder(this.#folder);
      removeOwnersOfTheDead(this.#folder);
      const temporary = `${this.#ownerFile}.new-${process.pid}`;
      const descriptor = fs.openSync(temporary, "w", 0o600);
      try {
        this.#exactTimes = hasExactTimes(descriptor);
        writeFully(descriptor, Buffer.from(JSON.stringify(this.#owner)), 0);
      } finally {
        closeFile(descriptor);
      }
      fs.renameSync(temporary, this.#ownerFile);
      this.#ownerInode = fs.lstatSync(this.#ownerFile, { bigint: true }).ino;
    });
  }
}

/** None while there is no such folder. */
function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(folder, "list", error);
  }
}

function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
}

function isOwnLink(lock: string, ownerInode: bigint): boolean {
  return fs.lstatSync(lock, { bigint: true, throwIfNoEntry: false })?.ino === ownerInode;
}

/** Tells the holder that somebody waits. It goes with whoever lets go of the lock next. */
function leaveNote(lock: string): void {
  io(`${lock}.wanted`, "create", () => fs.closeSync(fs.openSync(`${lock}.wanted`, "a", 0o600)));
}

function isWanted(lock: string): boolean {
  return fs.existsSync(`${lock}.wanted`);
}

/** Lets go of a lock unless it is another's by now. */
function release(lock: string, ownerInode: bigint): void {
  if (!isOwnLink(lock, ownerInode)) return;
  if (isWanted(lock)) unlink(`${lock}.wanted`);
  unlink(lock);
}

function unlink(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw ioError(path, "remove", error);
  }
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
  for (const name of namesIn(folder)) {
    const [, unfinishedBy] = /^owner-[0-9a-f]{16}\.new-(\d+)$/.exec(name) ?? [];
    if (unfinishedBy !== undefined && !processExists(Number(unfinishedBy))) unlink(join(folder, name));
    if (!/^owner-[0-9a-f]{16}$/.test(name)) continue;
    const owner = readOwner(join(folder, name));
    if (owner !== "gone" && owner !== null && isDead(owner)) unlink(join(folder, name));
  }
}

function busy(lock: string, timeoutMs: number): SessionError {
  const owner = readOwner(lock);
  const holder =
    owner === "gone" ? "others in turn" : owner === null ? "nobody it names" : describeOwner(owner);
  const advice =
    owner === null || owner === "gone" || !isHere(owner)
      ? "It is never taken over from here: if no program writes there, remove that file."
      : "Repeat the call; if that process hangs, end it: its lock is then taken over.";
  return new SessionError("busy", `The lock ${lock} was held for ${timeoutMs} ms by ${holder}. ${advice}`, {
    details: { path: lock },
  });
}
