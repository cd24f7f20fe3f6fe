import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Why nothing can be written to a database, as a clause that ends a sentence, with what to do; `null` where
 * it can, or where there is none yet. Nothing is written to find out.
 */
export function whyReadOnly(file: string): string | null {
  if (!exists(file)) return null;
  // SQLite makes and removes the files of the log.
  const paths = [file, `${file}-wal`, `${file}-shm`, dirname(file)];
  for (const path of paths) {
    const reason = whyNot(path);
    if (reason !== null) return reason;
  }
  return null;
}

/** False also where the path leads nowhere: opening it says why. */
function exists(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function whyNot(path: string): string | null {
  try {
    accessSync(path, constants.W_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EROFS") return "it is on a file system that is mounted read-only";
    if (code !== "EACCES" && code !== "EPERM") return null;
    const user = process.geteuid?.();
    const owner = statSync(path, { throwIfNoEntry: false })?.uid;
    if (owner === undefined || owner === user) return `${path} is write-protected (chmod u+w ${path})`;
    return `${path} belongs to user ${owner}, and user ${user} may not write to it (sudo chown ${user} ${path}, if it is yours)`;
  }
}
