import fs from "node:fs";
import { join } from "node:path";
import { LOCKS_FOLDER } from "../disk/names.ts";

/**
 * Why nothing can be written in a folder of sessions, as a clause that ends a sentence, with what to do;
 * `null` where it can. Nothing is written to find out.
 */
export function whyReadOnly(folder: string): string | null {
  // Every write takes a lock first.
  return whyNot(folder) ?? whyNot(join(folder, LOCKS_FOLDER), "its folder .locks");
}

/** @param what is checked, as a message calls it. */
export function whyNot(folder: string, what = "the folder"): string | null {
  try {
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EROFS") return "it is on a file system that is mounted read-only";
    if (code !== "EACCES" && code !== "EPERM") return null;
    const user = process.geteuid?.();
    const owner = fs.lstatSync(folder, { throwIfNoEntry: false })?.uid;
    if (owner === undefined || owner === user) return `${what} is write-protected (chmod u+w ${folder})`;
    return `${what} belongs to user ${owner}, and user ${user} may not write in it (sudo chown -R ${user} ${folder}, if it is yours)`;
  }
}
