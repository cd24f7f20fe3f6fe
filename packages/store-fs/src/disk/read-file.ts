import fs from "node:fs";
import { ByteWindow } from "../format/byte-window.ts";
import { type CoarseStamp, type FileStamp, sameStamp, stampOfOpen } from "./file-stamp.ts";
import { io, ioError, isErrno } from "./io-error.ts";

/** Not followed where the system can refuse it; elsewhere the caller looks with lstat first. */
export const NO_FOLLOW = fs.constants.O_NOFOLLOW ?? 0;

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

/** Nothing is to be done where that fails: what was written has been looked after before. */
export function closeFile(descriptor: number): void {
  try {
    fs.closeSync(descriptor);
  } catch {
    // The system has let go of it all the same.
  }
}
