import fs from "node:fs";
import { dirname } from "node:path";
import { isSessionError, SessionError } from "@thulp-sessions/core";
import { ByteWindow } from "./byte-window.ts";
import { isTickLater, markTime } from "./file-times.ts";

/** `full`: an acknowledged write survives the loss of power. `relaxed`: the end of the process. */
export type Durability = "full" | "relaxed";

/** Which file a path or descriptor stands for, and in which state. Two that are equal mean: nobody has written between. */
export interface FileStamp {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: number;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  /** When the file was made; 0 where the file system does not tell, or the time of its last change. */
  readonly bornNs: bigint;
  readonly kind: "file" | "link" | "other";
  /** The permissions. */
  readonly mode: number;
}

/** Not followed where the system can refuse it; elsewhere the caller looks with lstat first. */
const NO_FOLLOW = fs.constants.O_NOFOLLOW ?? 0;

/** Runs file calls; what they throw becomes an `io` error that names the path. SessionErrors pass. */
export function io<T>(path: string, doing: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw ioError(path, doing, error);
  }
}

export function ioError(path: string, doing: string, error: unknown): SessionError {
  if (isSessionError(error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const hint =
    code === "ENOSPC" || code === "EDQUOT"
      ? " The disk is full: make room and repeat the call."
      : code === "EACCES" || code === "EPERM" || code === "EROFS"
        ? " Check the permissions of the file and its folder."
        : "";
  return new SessionError("io", `Could not ${doing} ${path}: ${message}.${hint}`, {
    cause: error,
    details: { path },
  });
}

/** Under our lock only programs that take none can have been there. */
export function changedMeanwhile(path: string): SessionError {
  return new SessionError(
    "busy",
    `${path} was changed by a program that takes no lock. Nothing was written; repeat the call.`,
    {
      details: { path },
    },
  );
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** The stamp of the file behind a path, `undefined` when there is none. Links are not followed. */
export function stampOf(path: string): FileStamp | undefined {
  const stat = io(path, "look at", () => fs.lstatSync(path, LOOK));
  return stat && toStamp(stat);
}

function stampOfOpen(path: string, descriptor: number): FileStamp {
  return io(path, "look at", () => stampOfDescriptor(descriptor));
}

/** Is an open file the one of the stamp, unchanged, and does it still have a name? */
export function isStillOpen(path: string, descriptor: number, stamp: FileStamp): boolean {
  const stat = io(path, "look at", () => fs.fstatSync(descriptor, LOOK));
  return stat.nlink > 0n && sameStamp(toStamp(stat), stamp);
}

function stampOfDescriptor(descriptor: number): FileStamp {
  return toStamp(fs.fstatSync(descriptor, LOOK));
}

function toStamp(stat: fs.BigIntStats): FileStamp {
  return {
    device: stat.dev,
    inode: stat.ino,
    size: Number(stat.size),
    modifiedNs: stat.mtimeNs,
    changedNs: stat.ctimeNs,
    bornNs: stat.birthtimeNs,
    kind: stat.isFile() ? "file" : stat.isSymbolicLink() ? "link" : "other",
    mode: Number(stat.mode & 0o7777n),
  };
}

const LOOK = { bigint: true, throwIfNoEntry: false } as const;

export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return sameFile(a, b) && a.size === b.size && a.modifiedNs === b.modifiedNs && a.changedNs === b.changedNs;
}

/**
 * Whether it is certain that a file is the one it was, however it was changed since. The number of a file that was replaced is
 * soon given to another: the two differ in when they were made, unless both were made within one tick of the clock.
 */
export function isSureSameFile(before: FileStamp, now: FileStamp): boolean {
  return (
    sameFile(before, now) &&
    before.bornNs === now.bornNs &&
    before.bornNs !== 0n &&
    isTickLater(before.bornNs, before.changedNs)
  );
}

export function sameFile(a: FileStamp, b: FileStamp): boolean {
  return a.inode === b.inode && a.device === b.device;
}

/** How often a read is begun anew when the file is written at the same time. */
const READ_TRIES = 10;

/** A file that is open for reading. */
export interface ReadableFile {
  /** What it is now. */
  stamp(): FileStamp;
  /** Fills the buffer from a place in the file, and gives how many bytes there were. */
  readInto(into: Buffer, start: number): number;
}

/**
 * Opens a file, gives what `use` gives, and closes it; `undefined` when there is none, or a symbolic link.
 *
 * @throws {SessionError} io
 */
export function withReadableFile<T>(path: string, use: (file: ReadableFile) => T): T | undefined {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, fs.constants.O_RDONLY | NO_FOLLOW);
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ELOOP")) return undefined;
    throw ioError(path, "open", error);
  }
  try {
    return use({
      stamp: () => stampOfOpen(path, descriptor),
      readInto: (into, start) => io(path, "read", () => readFully(descriptor, into, start)),
    });
  } finally {
    closeFile(descriptor);
  }
}

/**
 * Reads a file with the stamp that belongs to what was read; `undefined` when there is no file. Begins anew while
 * somebody writes, and gives what it has after a few times: a reader never waits.
 */
function readSteadily<T>(
  path: string,
  read: (file: ReadableFile, size: number) => T,
): { result: T; stamp: FileStamp } | undefined {
  return withReadableFile(path, (file) => {
    for (let tries = 1; ; tries++) {
      const stamp = file.stamp();
      const result = read(file, stamp.size);
      if (tries === READ_TRIES || sameStamp(stamp, file.stamp())) return { result, stamp };
    }
  });
}

/** The bytes from `start` to `end` (the file's end when absent) with the stamp they belong to. */
export function readBytes(
  path: string,
  start = 0,
  end?: number,
): { bytes: Buffer; stamp: FileStamp } | undefined {
  const read = readSteadily(path, (file, size) => {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(end ?? size, size) - start));
    return bytes.subarray(0, file.readInto(bytes, start));
  });
  return read && { bytes: read.result, stamp: read.stamp };
}

/** Reads a file from front to back through a window, and gives what `read` makes of it with the stamp it belongs to. */
export function readThrough<T>(
  path: string,
  read: (window: ByteWindow) => T,
): { result: T; stamp: FileStamp } | undefined {
  return readSteadily(path, (file, size) =>
    read(new ByteWindow(size, (into, start) => file.readInto(into, start))),
  );
}

/** A few bytes as text. */
export function readAt(descriptor: number, start: number, length: number): string {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.toString("latin1", 0, readFully(descriptor, bytes, start));
}

/**
 * A stamp in numbers, made in half the time: a little coarser, so it is of use only for a file that was last changed some
 * time before the stamp was taken.
 */
export type CoarseStamp = Pick<fs.Stats, "dev" | "ino" | "size" | "mtimeMs" | "ctimeMs">;

const LOOK_COARSELY = { throwIfNoEntry: false } as const;

/** @throws {SessionError} io, also when there is none. */
export function stampOfFolder(folder: string): CoarseStamp {
  return io(folder, "list", () => fs.statSync(folder));
}

/** Does the path still stand for the file of the stamp, unchanged? */
export function isStill(path: string, stamp: CoarseStamp): boolean {
  const stat = io(path, "look at", () => fs.lstatSync(path, LOOK_COARSELY));
  return (
    stat !== undefined &&
    stat.ctimeMs === stamp.ctimeMs &&
    stat.mtimeMs === stamp.mtimeMs &&
    stat.ino === stamp.ino &&
    stat.dev === stamp.dev &&
    stat.size === stamp.size
  );
}

/**
 * Fills `into` with the first bytes of a regular file, and gives those with a stamp that is not younger than they are;
 * `undefined` when there is none.
 */
export function readHead(path: string, into: Buffer): { bytes: Buffer; stamp: CoarseStamp } | undefined {
  // Not by withReadableFile: a folder is listed file by file.
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, fs.constants.O_RDONLY | NO_FOLLOW);
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ELOOP")) return undefined;
    throw ioError(path, "open", error);
  }
  try {
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) return undefined;
    const { dev, ino, size, mtimeMs, ctimeMs } = stat;
    const length = fs.readSync(descriptor, into, 0, into.length, 0);
    return {
      bytes: length < into.length ? into.subarray(0, length) : into,
      stamp: { dev, ino, size, mtimeMs, ctimeMs },
    };
  } catch (error) {
    throw ioError(path, "read", error);
  } finally {
    closeFile(descriptor);
  }
}

function readFully(descriptor: number, bytes: Buffer, start: number): number {
  let done = 0;
  while (done < bytes.length) {
    const length = fs.readSync(descriptor, bytes, done, bytes.length - done, start + done);
    if (length === 0) break;
    done += length;
  }
  return done;
}

/** Writes all of it at one place. */
export function writeFully(descriptor: number, bytes: Buffer, start: number): void {
  let done = 0;
  while (done < bytes.length)
    done += fs.writeSync(descriptor, bytes, done, bytes.length - done, start + done);
}

/** An existing file, open for reading and writing in place. Whoever opens it closes it. */
export function openInPlace(path: string): { readonly descriptor: number; readonly stamp: FileStamp } {
  const descriptor = io(path, "open", () => fs.openSync(path, fs.constants.O_RDWR | NO_FOLLOW));
  try {
    return { descriptor, stamp: stampOfOpen(path, descriptor) };
  } catch (error) {
    closeFile(descriptor);
    throw error;
  }
}

/**
 * The stamp of what was just written to a descriptor: nobody can write to it from now on without making it another one.
 *
 * @param exactTimes whether the file system sees to that itself (`hasExactTimes`).
 */
export function stampOfWritten(path: string, descriptor: number, exactTimes: boolean): FileStamp {
  return io(path, "look at", () => {
    if (!exactTimes) markTime(descriptor);
    return stampOfDescriptor(descriptor);
  });
}

/** Brings what was written to a descriptor to the disk, without holding up the event loop. */
export function syncData(path: string, descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(descriptor, (error) => (error ? reject(ioError(path, "sync", error)) : resolve()));
  });
}

/** Nothing is to be done where that fails: what was written has been looked after before. */
export function closeFile(descriptor: number): void {
  try {
    fs.closeSync(descriptor);
  } catch {
    // The system has let go of it all the same.
  }
}

/** Takes away what stands behind `length`. */
export function cutFile(descriptor: number, length: number): void {
  fs.ftruncateSync(descriptor, length);
}

const PAGE_BYTES = 4096;

/** Writes a new file to its descriptor; what it throws leaves none. */
export type Fill = (descriptor: number) => Promise<void>;

interface ReplaceOptions {
  readonly mode: number;
  readonly durability: Durability;
  readonly exactTimes: boolean;
  /** Called when all is ready but the last step; what it throws stops it. */
  readonly beforeRename?: () => void;
}

/**
 * Puts a new file in the place of `path`, in one step: written beside it under a name of its own, brought to the disk,
 * renamed. Gives its stamp.
 */
export function replaceFile(
  path: string,
  content: Buffer | Fill,
  options: ReplaceOptions,
): Promise<FileStamp> {
  return writeBeside(path, content, options, (temporary) => {
    options.beforeRename?.();
    io(path, "replace", () => fs.renameSync(temporary, path));
  });
}

/**
 * The same where there is no file yet; when it fails there is none, as far as the disk takes that.
 *
 * @throws an `io` error whose cause is EEXIST where there is one after all.
 */
export async function createFile(
  path: string,
  content: Buffer | Fill,
  options: ReplaceOptions,
): Promise<FileStamp> {
  let linked = false;
  try {
    return await writeBeside(path, content, options, (temporary) =>
      io(path, "create", () => {
        fs.linkSync(temporary, path);
        linked = true;
        fs.unlinkSync(temporary);
      }),
    );
  } catch (error) {
    if (linked) removeQuietly(path);
    throw error;
  }
}

async function writeBeside(
  path: string,
  content: Buffer | Fill,
  { mode, durability, exactTimes }: ReplaceOptions,
  putInPlace: (temporary: string) => void,
): Promise<FileStamp> {
  const temporary = `${path}.tmp-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  const descriptor = io(temporary, "create", () => fs.openSync(temporary, "wx", 0o600));
  let inPlace = false;
  try {
    io(temporary, "write", () => {
      // After opening: the umask does not touch it.
      fs.fchmodSync(descriptor, mode);
      if (typeof content === "function") return;
      // The first page apart: the system keeps in one piece in memory what was written at once, and overwriting a few
      // bytes of it, as every append does to `updated_at`, then costs in proportion to that.
      writeFully(descriptor, content.subarray(0, PAGE_BYTES), 0);
      if (content.length > PAGE_BYTES) writeFully(descriptor, content.subarray(PAGE_BYTES), PAGE_BYTES);
    });
    if (typeof content === "function") await content(descriptor);
    if (!exactTimes) io(temporary, "write", () => markTime(descriptor));
    if (durability === "full") await syncAll(temporary, descriptor);
    putInPlace(temporary);
    inPlace = true;
    // Of the file that we have written, whatever stands at the path by now.
    const stamp = stampOfOpen(path, descriptor);
    await syncFolder(dirname(path), durability);
    return stamp;
  } finally {
    closeFile(descriptor);
    if (!inPlace) removeQuietly(temporary);
  }
}

/** What is left where even that fails is removed at the next open. */
export function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // The error that has led here is the one to tell of.
  }
}

/** Writes a file that nobody else knows of, e.g. bytes that are kept before they are cut off. */
export async function writeNewFile(
  path: string,
  bytes: Buffer,
  mode: number,
  durability: Durability,
): Promise<void> {
  const descriptor = io(path, "create", () => fs.openSync(path, "wx", mode));
  try {
    io(path, "write", () => writeFully(descriptor, bytes, 0));
    if (durability === "full") await syncAll(path, descriptor);
  } catch (error) {
    removeQuietly(path);
    throw error;
  } finally {
    closeFile(descriptor);
  }
  await syncFolder(dirname(path), durability);
}

/** @throws an `io` error, also when only the folder could not be synced: then the file may be there again after a loss of power. */
export async function removeFile(path: string, durability: Durability): Promise<void> {
  io(path, "remove", () => fs.unlinkSync(path));
  await syncFolder(dirname(path), durability);
}

function syncAll(path: string, descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fsync(descriptor, (error) => (error ? reject(ioError(path, "sync", error)) : resolve()));
  });
}

/** Brings the names in a folder to the disk. Windows has no such call, and keeps them in its journal. */
export async function syncFolder(folder: string, durability: Durability): Promise<void> {
  if (durability !== "full" || process.platform === "win32") return;
  const descriptor = io(folder, "open", () => fs.openSync(folder, fs.constants.O_RDONLY));
  try {
    await syncAll(folder, descriptor);
  } finally {
    closeFile(descriptor);
  }
}
