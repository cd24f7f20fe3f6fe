import fs from "node:fs";
import { dirname } from "node:path";
import { markTime } from "./file-clock.ts";
import { type FileStamp, stampOfOpen } from "./file-stamp.ts";
import { io, ioError } from "./io-error.ts";
import { closeFile, NO_FOLLOW } from "./read-file.ts";

/** `full`: an acknowledged write survives the loss of power. `relaxed`: the end of the process. */
export type Durability = "full" | "relaxed";

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

/** Brings what was written to a descriptor to the disk, without holding up the event loop. */
export function syncData(path: string, descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(descriptor, (error) => (error ? reject(ioError(path, "sync", error)) : resolve()));
  });
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
