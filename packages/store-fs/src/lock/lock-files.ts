import fs from "node:fs";
import { uptime } from "node:os";
import { dirname, join } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import type { FileClock } from "../disk/file-clock.ts";
import { localFileSystemOf } from "../disk/file-system.ts";
import { io, ioError, isErrno } from "../disk/io-error.ts";
import { LOCKS_FOLDER } from "../disk/names.ts";
import { giveFolderAway, takeOwnerOfFolder } from "../disk/ownership.ts";
import { closeFile, readTextFile } from "../disk/read-file.ts";
import { keepOutOfVersionControl } from "../disk/version-control.ts";
import { writeFully } from "../disk/write-file.ts";
import { AliveSocket, isListenedTo } from "./alive-socket.ts";
import { describeOwner, isHere, type LockOwner, newOwner, parseOwner, processExists } from "./lock-owner.ts";
import { lifeOf, SOCKET_ENDING, socketOf } from "./owner-life.ts";

/** The clock may have been set since the machine was started. */
const BOOT_MARGIN_MS = 60_000;

export const LOCK_ENDING = ".lock";

/** What is longer names no owner. */
const LONGEST_OWNER = 4096;

/**
 * The lock files of a folder of sessions, in its subfolder `.locks`. A lock is a hard link to the owner's
 * file, so it appears with its content atomically. It is taken over only from an owner that is dead, and by
 * one process only: to take over the lock of owner T a process first has to hold the lock named after T.
 */
export class LockFiles {
  readonly #folder: string;
  readonly #clock: FileClock;
  readonly #owner: LockOwner = newOwner();
  readonly #ownerFile: string;
  /** Tells our links from those of others; `null` before the first lock. */
  #ownerInode: bigint | null = null;
  #socket: AliveSocket | null = null;

  constructor(sessionsFolder: string, clock: FileClock) {
    this.#folder = join(sessionsFolder, LOCKS_FOLDER);
    this.#clock = clock;
    this.#ownerFile = join(this.#folder, `owner-${this.#owner.token}`);
  }

  pathOf(name: string): string {
    return join(this.#folder, name + LOCK_ENDING);
  }

  /** True when the lock was free and is ours now. */
  tryAcquire(lock: string): boolean {
    return this.#link(lock);
  }

  /** True when its owner was dead, and it is ours now. */
  async tryTakeOver(lock: string): Promise<boolean> {
    const owner = readOwner(lock);
    if (owner === "gone") return false;
    const isFree = owner === null ? isFromBeforeBoot(lock) : (await lifeOf(this.#folder, owner)) === "ended";
    return isFree && this.takeOver(lock, owner);
  }

  /**
   * Takes over a lock whose owner is dead, or that a person knows to be held by nobody. False where it was
   * another's meanwhile.
   */
  async takeOver(lock: string, owner: LockOwner | null): Promise<boolean> {
    const takeover = `${lock}.${owner?.token ?? "unnamed"}`;
    if (!this.tryAcquire(takeover) && !(await this.tryTakeOver(takeover))) return false;
    try {
      const now = readOwner(lock);
      if (now === "gone" || now?.token !== owner?.token) return false;
      // The dead one's link goes, ours comes: only a process that comes new can be quicker in between, and
      // then has it.
      io(lock, "remove", () => fs.unlinkSync(lock));
      return this.#link(lock);
    } finally {
      this.release(takeover);
    }
  }

  /** Is it ours? Somebody may have removed it by hand, against all advice. */
  isOurs(lock: string): boolean {
    return fs.lstatSync(lock, { bigint: true, throwIfNoEntry: false })?.ino === this.#ownerInode;
  }

  /** Removes a lock unless it is another's by now. True when another process waits for it. */
  release(lock: string): boolean {
    if (!this.isOurs(lock)) return false;
    const wasContended = isContended(lock);
    if (wasContended) unlink(requestOf(lock));
    unlink(lock);
    return wasContended;
  }

  /** The names of locks that dead processes have left. */
  async findAbandoned(): Promise<string[]> {
    const abandoned: string[] = [];
    for (const name of namesIn(this.#folder)) {
      if (name.endsWith(LOCK_ENDING) && (await this.#isAbandoned(name)))
        abandoned.push(name.slice(0, -LOCK_ENDING.length));
    }
    return abandoned;
  }

  async #isAbandoned(name: string): Promise<boolean> {
    try {
      const owner = readOwner(join(this.#folder, name));
      return owner !== "gone" && owner !== null && (await lifeOf(this.#folder, owner)) === "ended";
    } catch {
      return false;
    }
  }

  close(): void {
    this.#socket?.close();
    this.#socket = null;
    // Who has only read has none, and may have no right to look.
    if (this.#ownerInode !== null) unlink(this.#ownerFile);
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
   * At the first lock, and again if somebody has cleaned up. Atomically, so that no lock can name nobody;
   * never with a new folder of sessions, since that would hide that the old one is gone.
   */
  #writeOwnerFile(): void {
    io(this.#ownerFile, "create", () => {
      makeFolder(this.#folder);
      this.#socket?.close();
      this.#socket = AliveSocket.listen(socketOf(this.#ownerFile));
      const owner: LockOwner = {
        ...this.#owner,
        listens: this.#socket !== null,
        fileSystem: localFileSystemOf(this.#folder),
      };
      const temporary = `${this.#ownerFile}.new-${process.pid}`;
      const descriptor = fs.openSync(temporary, "w", 0o600);
      try {
        takeOwnerOfFolder(temporary, descriptor);
        this.#clock.probe(descriptor);
        writeFully(descriptor, Buffer.from(JSON.stringify(owner)), 0);
      } finally {
        closeFile(descriptor);
      }
      fs.renameSync(temporary, this.#ownerFile);
      this.#ownerInode = fs.lstatSync(this.#ownerFile, { bigint: true }).ino;
    });
  }

  /**
   * Removes what dead processes have left beside their locks. What cannot be looked at or removed, e.g.
   * another user's, stays.
   */
  async removeDeadOwners(): Promise<void> {
    for (const name of namesIn(this.#folder)) {
      const path = join(this.#folder, name);
      try {
        if (await isLeftByDead(path, name)) fs.unlinkSync(path);
      } catch {
        // Nothing depends on it.
      }
    }
  }
}

async function isLeftByDead(path: string, name: string): Promise<boolean> {
  const [, unfinishedBy] = /^owner-[0-9a-f]{16}\.new-(\d+)$/.exec(name) ?? [];
  if (unfinishedBy !== undefined) return !processExists(Number(unfinishedBy));
  // The proof that an owner is dead goes after what it proves.
  if (name.endsWith(SOCKET_ENDING)) {
    const isNeeded = fs.existsSync(path.slice(0, -SOCKET_ENDING.length));
    return !isNeeded && (await isListenedTo(path)) === false;
  }
  if (!/^owner-[0-9a-f]{16}$/.test(name)) return false;
  const owner = readOwner(path);
  if (owner === "gone" || owner === null || (await lifeOf(dirname(path), owner)) !== "ended") return false;
  // Its locks name it too, and are taken over by that proof.
  return fs.lstatSync(path).nlink === 1;
}

/** Asks the holder to release the lock. The request goes with the release. */
export function requestRelease(lock: string): void {
  const request = requestOf(lock);
  io(request, "create", () => {
    // What came with a cloned repository may be a link, which would lead elsewhere.
    const stat = fs.lstatSync(request, { throwIfNoEntry: false });
    if (stat && !stat.isFile()) fs.unlinkSync(request);
    // It says all by being there.
    if (stat?.isFile()) return;
    const descriptor = fs.openSync(request, REQUEST_FLAGS, 0o600);
    takeOwnerOfFolder(request, descriptor);
    closeFile(descriptor);
  });
}

/** Does another process wait for the lock? */
export function isContended(lock: string): boolean {
  return fs.lstatSync(requestOf(lock), { throwIfNoEntry: false }) !== undefined;
}

export function busyError(lock: string, timeoutMs: number): SessionError {
  const owner = readOwner(lock);
  const holder =
    owner === "gone" ? "others in turn" : owner === null ? "nobody it names" : describeOwner(owner);
  const advice =
    owner === null || owner === "gone" || !isHere(owner)
      ? "Whether that lives cannot be told from here: if no program writes there, remove that file (thulp-sessions unlock)."
      : "Repeat the call; if that process hangs, end it: its lock is then taken over.";
  return new SessionError("busy", `The lock ${lock} was held for ${timeoutMs} ms by ${holder}. ${advice}`, {
    details: { path: lock },
  });
}

const { O_WRONLY, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
/** Something else of that name is neither followed nor waited for. */
const REQUEST_FLAGS = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

function requestOf(lock: string): string {
  return `${lock}.wanted`;
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

/** @throws when something else has that name: a link may lead anywhere. */
function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
    giveFolderAway(folder);
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
  if (!fs.lstatSync(folder).isDirectory()) throw new Error("it is no folder");
  try {
    keepOutOfVersionControl(folder);
  } catch {
    // Another process was quicker, or may write more than we may: no lock depends on it.
  }
}

function unlink(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw ioError(path, "remove", error);
  }
}

/** `null` when the lock names no owner. */
export function readOwner(lock: string): LockOwner | null | "gone" {
  const text = readTextFile(lock, LONGEST_OWNER);
  if (text !== undefined) return parseOwner(text);
  return fs.lstatSync(lock, { throwIfNoEntry: false }) ? null : "gone";
}

/**
 * A power cut can leave a lock without its content. Files that are older than the machine's start belong to
 * nobody.
 */
function isFromBeforeBoot(lock: string): boolean {
  const bootedAt = Date.now() - uptime() * 1000;
  const stat = fs.lstatSync(lock, { throwIfNoEntry: false });
  return stat !== undefined && stat.mtimeMs < bootedAt - BOOT_MARGIN_MS;
}
