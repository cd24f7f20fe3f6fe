import fs from "node:fs";
import { io } from "./io-error.ts";

/**
 * Which file a path or descriptor stands for, and in which state. Two equal stamps mean that nobody has
 * written between them, if the first was not racy (FileClock).
 */
export interface FileStamp {
  /** A bigint where a number would be rounded. */
  readonly dev: number | bigint;
  readonly ino: number | bigint;
  readonly size: number;
  /**
   * In milliseconds, good to a quarter of a microsecond: a write after a look takes longer than that. Bigints
   * would be exact, but every append looks twice, and they take longer to make.
   */
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** What else one look at a file shows. */
export interface FileInfo extends FileStamp {
  readonly kind: "file" | "link" | "other";
  /** The permissions. */
  readonly mode: number;
  /** When the file was made; 0 where the file system does not say, or the time of its last change. */
  readonly birthtimeMs: number;
}

/** The file behind a path, `undefined` when there is none. Links are not followed. */
export function infoOf(path: string): FileInfo | undefined {
  return io(path, "look at", () => {
    const stat = fs.lstatSync(path, IF_THERE);
    if (!stat || isExact(stat)) return stat && toInfo(stat);
    const exact = fs.lstatSync(path, IF_THERE_EXACTLY);
    return exact && toExactInfo(exact);
  });
}

export function infoOfOpen(path: string, descriptor: number): FileInfo {
  return io(path, "look at", () => infoOfStat(fs.fstatSync(descriptor), descriptor));
}

/** Is an open file the one of the stamp, unchanged, and does it still have a name? */
export function isUnchangedAndNamed(path: string, descriptor: number, stamp: FileStamp): boolean {
  return io(path, "look at", () => {
    const stat = fs.fstatSync(descriptor);
    return stat.nlink > 0 && sameStamp(isExact(stat) ? stat : infoOfStat(stat, descriptor), stamp);
  });
}

/**
 * Does the path still stand for the file of the stamp, unchanged? The numbers of device and file may be
 * rounded.
 */
export function isUnchanged(path: string, stamp: FileStamp): boolean {
  const stat = io(path, "look at", () => fs.lstatSync(path, IF_THERE));
  return stat !== undefined && sameStamp(stat, stamp);
}

/** @throws {SessionError} io, also when there is none. */
export function stampOfFolder(folder: string): FileStamp {
  return io(folder, "list", () => toStamp(fs.statSync(folder)));
}

/** Without what else a look has shown: this is kept for each of many files. */
export function toStamp({ dev, ino, size, mtimeMs, ctimeMs }: FileStamp): FileStamp {
  return { dev, ino, size, mtimeMs, ctimeMs };
}

export function sameFile(a: FileStamp, b: FileStamp): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.ctimeMs === b.ctimeMs && a.mtimeMs === b.mtimeMs && a.size === b.size && sameFile(a, b);
}

function infoOfStat(stat: fs.Stats, descriptor: number): FileInfo {
  return isExact(stat) ? toInfo(stat) : toExactInfo(fs.fstatSync(descriptor, { bigint: true }));
}

/** Some file systems number their files with all 64 bits. */
function isExact({ ino, dev }: fs.Stats): boolean {
  return Number.isSafeInteger(ino) && Number.isSafeInteger(dev);
}

function toInfo(stat: fs.Stats): FileInfo {
  const { dev, ino, size, mtimeMs, ctimeMs, birthtimeMs, mode } = stat;
  return { dev, ino, size, mtimeMs, ctimeMs, birthtimeMs, kind: kindOf(stat), mode: mode & PERMISSIONS };
}

function toExactInfo(stat: fs.BigIntStats): FileInfo {
  return {
    dev: stat.dev,
    ino: stat.ino,
    size: Number(stat.size),
    mtimeMs: toMs(stat.mtimeNs),
    ctimeMs: toMs(stat.ctimeNs),
    birthtimeMs: toMs(stat.birthtimeNs),
    kind: kindOf(stat),
    mode: Number(stat.mode) & PERMISSIONS,
  };
}

/** Rounded as Node itself does it. */
function toMs(timeNs: bigint): number {
  return Number(timeNs / 1_000_000_000n) * 1_000 + Number(timeNs % 1_000_000_000n) / 1e6;
}

function kindOf(stat: fs.Stats | fs.BigIntStats): FileInfo["kind"] {
  return stat.isFile() ? "file" : stat.isSymbolicLink() ? "link" : "other";
}

const PERMISSIONS = 0o7777;
const IF_THERE = { throwIfNoEntry: false } as const;
const IF_THERE_EXACTLY = { bigint: true, throwIfNoEntry: false } as const;
