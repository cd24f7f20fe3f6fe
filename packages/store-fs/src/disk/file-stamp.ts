import fs from "node:fs";
import { isTickLater, markTime } from "./file-clock.ts";
import { io } from "./io-error.ts";

/** Which file a path or descriptor stands for, and in which state. Two that are equal mean: nobody has written between. */
export interface FileStamp {
  /** Exact: a bigint where a number would be rounded. */
  readonly device: number | bigint;
  readonly inode: number | bigint;
  readonly size: number;
  /**
   * In milliseconds, good to a quarter of a microsecond: whoever writes to a file after it was looked at takes longer than
   * that. Bigints would be exact, but every append looks twice, and they take longer to make.
   */
  readonly modifiedMs: number;
  readonly changedMs: number;
  /** When the file was made; 0 where the file system does not tell, or the time of its last change. */
  readonly bornMs: number;
  readonly kind: "file" | "link" | "other";
  /** The permissions. */
  readonly mode: number;
}

/** The stamp of the file behind a path, `undefined` when there is none. Links are not followed. */
export function stampOf(path: string): FileStamp | undefined {
  return io(path, "look at", () => {
    const stat = fs.lstatSync(path, LOOK);
    if (!stat || isExact(stat)) return stat && toStamp(stat);
    const exact = fs.lstatSync(path, LOOK_EXACTLY);
    return exact && exactStamp(exact);
  });
}

export function stampOfOpen(path: string, descriptor: number): FileStamp {
  return io(path, "look at", () => stampOfDescriptor(descriptor));
}

/** Is an open file the one of the stamp, unchanged, and does it still have a name? */
export function isStillOpen(path: string, descriptor: number, stamp: FileStamp): boolean {
  return io(path, "look at", () => {
    const stat = fs.fstatSync(descriptor);
    return stat.nlink > 0 && sameStamp(stampOfStat(stat, descriptor), stamp);
  });
}

function stampOfDescriptor(descriptor: number): FileStamp {
  return stampOfStat(fs.fstatSync(descriptor), descriptor);
}

function stampOfStat(stat: fs.Stats, descriptor: number): FileStamp {
  return isExact(stat) ? toStamp(stat) : exactStamp(fs.fstatSync(descriptor, LOOK_EXACTLY));
}

/** Some file systems number their files with all 64 bits. */
function isExact({ ino, dev }: fs.Stats): boolean {
  return Number.isSafeInteger(ino) && Number.isSafeInteger(dev);
}

function toStamp(stat: fs.Stats): FileStamp {
  return {
    device: stat.dev,
    inode: stat.ino,
    size: stat.size,
    modifiedMs: stat.mtimeMs,
    changedMs: stat.ctimeMs,
    bornMs: stat.birthtimeMs,
    kind: kindOf(stat),
    mode: stat.mode & PERMISSIONS,
  };
}

function exactStamp(stat: fs.BigIntStats): FileStamp {
  return {
    device: stat.dev,
    inode: stat.ino,
    size: Number(stat.size),
    modifiedMs: toMs(stat.mtimeNs),
    changedMs: toMs(stat.ctimeNs),
    bornMs: toMs(stat.birthtimeNs),
    kind: kindOf(stat),
    mode: Number(stat.mode) & PERMISSIONS,
  };
}

/** Rounded as Node itself does it. */
function toMs(timeNs: bigint): number {
  return Number(timeNs / 1_000_000_000n) * 1_000 + Number(timeNs % 1_000_000_000n) / 1e6;
}

function kindOf(stat: fs.Stats | fs.BigIntStats): FileStamp["kind"] {
  return stat.isFile() ? "file" : stat.isSymbolicLink() ? "link" : "other";
}

const PERMISSIONS = 0o7777;
const LOOK = { throwIfNoEntry: false } as const;
const LOOK_EXACTLY = { bigint: true, throwIfNoEntry: false } as const;

export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return sameFile(a, b) && a.size === b.size && a.modifiedMs === b.modifiedMs && a.changedMs === b.changedMs;
}

/**
 * Whether it is certain that a file is the one it was, however it was changed since. The number of a file that was replaced is
 * soon given to another: the two differ in when they were made, unless both were made within one tick of the clock.
 */
export function isSureSameFile(before: FileStamp, now: FileStamp): boolean {
  return (
    sameFile(before, now) &&
    before.bornMs === now.bornMs &&
    before.bornMs !== 0 &&
    isTickLater(before.bornMs, before.changedMs)
  );
}

export function sameFile(a: FileStamp, b: FileStamp): boolean {
  return a.inode === b.inode && a.device === b.device;
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

/**
 * A stamp with the numbers of device and file as they are told, which may be rounded: of use only for a file that was last
 * changed some time before the stamp was taken.
 */
export type CoarseStamp = Pick<fs.Stats, "dev" | "ino" | "size" | "mtimeMs" | "ctimeMs">;

/** @throws {SessionError} io, also when there is none. */
export function stampOfFolder(folder: string): CoarseStamp {
  return io(folder, "list", () => fs.statSync(folder));
}

/** Does the path still stand for the file of the stamp, unchanged? */
export function isStill(path: string, stamp: CoarseStamp): boolean {
  const stat = io(path, "look at", () => fs.lstatSync(path, LOOK));
  return stat !== undefined && sameCoarseStamp(stat, stamp);
}

export function sameCoarseStamp(a: CoarseStamp, b: CoarseStamp): boolean {
  return (
    a.ctimeMs === b.ctimeMs &&
    a.mtimeMs === b.mtimeMs &&
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.size === b.size
  );
}
