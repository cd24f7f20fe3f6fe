import fs from "node:fs";
import { dirname } from "node:path";
import type { Durability } from "@thulp-sessions/core/store";
import type { FileClock } from "./file-clock.ts";
import { type FileInfo, infoOfOpen } from "./file-stamp.ts";
import { io, ioError } from "./io-error.ts";
import { takeOwnerOf, takeOwnerOfFolder } from "./ownership.ts";
import { closeFile, OPEN_FLAGS } from "./read-file.ts";

/** Writes all of it at one place. */
export function writeFully(descriptor: number, bytes: Buffer, start: number): void {
  let done = 0;
  while (done < bytes.length)
    done += fs.writeSync(descriptor, bytes, done, bytes.length - done, start + done);
}

/** An existing file, open for reading and writing in place. Who opens it closes it. */
export function openInPlace(path: string): { readonly descriptor: number; readonly info: FileInfo } {
  const descriptor = io(path, "open", () => fs.openSync(path, fs.constants.O_RDWR | OPEN_FLAGS));
  try {
    return { descriptor, info: infoOfOpen(path, descriptor) };
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

/** Removes what stands behind `length`. */
export function cutFile(descriptor: number, length: number): void {
  fs.ftruncateSync(descriptor, length);
}

/** Writes the content of a new file to its descriptor; when it throws there is no new file. */
export type Fill = (descriptor: number) => void | Promise<void>;

interface ReplaceOptions {
  readonly mode: number;
  readonly durability: Durability;
  readonly clock: FileClock;
  /** Called when only the last step is left; what it throws stops it. */
  readonly beforeRename?: () => void;
}

/**
 * Puts a new file in the place of `path` atomically: written beside it under a name of its own, synced,
 * renamed.
 *
 * @returns its stamp.
 */
export function replaceFile(path: string, fill: Fill, options: ReplaceOptions): Promise<FileInfo> {
  return writeBeside(path, fill, options, (temporary) => {
    options.beforeRename?.();
    io(path, "replace", () => fs.renameSync(temporary, path));
  });
}

/**
 * The same where there is no file yet; when it fails there is none, as far as the disk allows that.
 *
 * @throws an `io` error whose cause is EEXIST where there is one after all.
 */
export async function createFile(path: string, fill: Fill, options: ReplaceOptions): Promise<FileInfo> {
  let linked = false;
  try {
    return await writeBeside(path, fill, options, (temporary) =>
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
  fill: Fill,
  { mode, durability, clock }: ReplaceOptions,
  putInPlace: (temporary: string) => void,
): Promise<FileInfo> {
  const temporary = `${path}.tmp-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  const descriptor = io(temporary, "create", () => fs.openSync(temporary, "wx", 0o600));
  let inPlace = false;
  try {
    // Before the mode: a change of the owner may take bits of it away.
    takeOwnerOfFolder(temporary, descriptor);
    takeOwnerOf(path, descriptor);
    // After opening: the umask does not change it.
    io(temporary, "write", () => fs.fchmodSync(descriptor, mode));
    const filling = fill(descriptor);
    if (filling) await filling;
    clock.mark(temporary, descriptor);
    if (durability === "full") await syncAll(temporary, descriptor);
    putInPlace(temporary);
    inPlace = true;
    // Of the file that we have written, whatever stands at the path by now.
    const info = infoOfOpen(path, descriptor);
    await syncFolder(dirname(path), durability);
    return info;
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
    // The error that has led here is the one to report.
  }
}

/** Writes a file that nobody else knows of, e.g. bytes that are kept before they are cut off. */
export async function writeNewFile(
  path: string,
  fill: Fill,
  mode: number,
  durability: Durability,
): Promise<void> {
  const descriptor = io(path, "create", () => fs.openSync(path, "wx", mode));
  try {
    takeOwnerOfFolder(path, descriptor);
    await fill(descriptor);
    if (durability === "full") await syncAll(path, descriptor);
  } catch (error) {
    removeQuietly(path);
    throw error;
  } finally {
    closeFile(descriptor);
  }
  await syncFolder(dirname(path), durability);
}

/**
 * @throws an `io` error, also when only the folder could not be synced: after a loss of power the file may be
 * back.
 */
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
