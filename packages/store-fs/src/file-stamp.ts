import fs from "node:fs";
import { isTickLater, markTime } from "./file-times.ts";
import { io } from "./io-error.ts";

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

/** The stamp of the file behind a path, `undefined` when there is none. Links are not followed. */
export function stampOf(path: string): FileStamp | undefined {
  const stat = io(path, "look at", () => fs.lstatSync(path, LOOK));
  return stat && toStamp(stat);
}

export function stampOfOpen(path: string, descriptor: number): FileStamp {
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
