import fs from "node:fs";
import { dirname } from "node:path";
import { closeFile } from "./read-file.ts";

// One command with sudo must lock nobody out: what it makes belongs to whom it belonged before, or to the
// owner of the folder that it lies in. Where that is not allowed (a network drive that maps root to nobody)
// it stays as it is.

/** Gives a file or folder that was just made, and is open, the owner and group of what it replaces. */
export function takeOwnerOf(replaced: string, descriptor: number): void {
  giveOwner(replaced, descriptor);
}

/** The same for what is new: the superuser gives it to the owner of its folder. */
export function takeOwnerOfFolder(path: string, descriptor: number): void {
  if (isSuperuser()) giveOwner(dirname(path), descriptor);
}

/** For a folder that this process has just made. */
export function giveFolderAway(folder: string): void {
  if (!isSuperuser()) return;
  let descriptor: number;
  try {
    // Another user may have put something else there meanwhile.
    descriptor = fs.openSync(folder, fs.constants.O_RDONLY | NO_LINK);
  } catch {
    return;
  }
  try {
    if (fs.fstatSync(descriptor).uid === process.geteuid?.()) giveOwner(dirname(folder), descriptor);
  } finally {
    closeFile(descriptor);
  }
}

const NO_LINK = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_DIRECTORY ?? 0);

function isSuperuser(): boolean {
  return process.geteuid?.() === 0;
}

function giveOwner(like: string, descriptor: number): void {
  if (process.geteuid === undefined) return;
  try {
    const wanted = fs.lstatSync(like, { throwIfNoEntry: false });
    if (!wanted) return;
    const { uid, gid } = fs.fstatSync(descriptor);
    if (uid === wanted.uid && gid === wanted.gid) return;
    // Another user may at most choose among the own groups.
    fs.fchownSync(descriptor, isSuperuser() ? wanted.uid : uid, wanted.gid);
  } catch {
    // It is readable by whom made it, as without.
  }
}
