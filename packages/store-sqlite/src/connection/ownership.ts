import { closeSync, constants, fchownSync, fstatSync, lstatSync, openSync } from "node:fs";
import { dirname } from "node:path";

// One command with sudo must lock nobody out: what it makes belongs to whom it belonged before, or to the
// owner of the folder that it lies in. Where that is not allowed (a network drive that maps root to nobody)
// it stays as it is.

// As in store-fs, which has more to hand over: a store loads no other, and core does no I/O.

/** The superuser gives a file that he has just made, and that is open, to the owner of its folder. */
export function takeOwnerOfFolder(path: string, descriptor: number): void {
  if (isSuperuser()) giveOwner(dirname(path), descriptor);
}

/** For a folder that this process has just made. */
export function giveFolderAway(folder: string): void {
  if (!isSuperuser()) return;
  let descriptor: number;
  try {
    // Another user may have put something else there meanwhile.
    descriptor = openSync(folder, constants.O_RDONLY | NO_LINK);
  } catch {
    return;
  }
  try {
    if (fstatSync(descriptor).uid === process.geteuid?.()) giveOwner(dirname(folder), descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const NO_LINK = (constants.O_NOFOLLOW ?? 0) | (constants.O_DIRECTORY ?? 0);

function isSuperuser(): boolean {
  return process.geteuid?.() === 0;
}

function giveOwner(like: string, descriptor: number): void {
  try {
    const { uid, gid } = lstatSync(like);
    fchownSync(descriptor, uid, gid);
  } catch {
    // It stays readable by whom made it.
  }
}
