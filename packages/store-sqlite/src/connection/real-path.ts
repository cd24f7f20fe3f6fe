import { readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** As many links as Linux follows in one path. */
const MOST_LINKS = 40;

/**
 * The path of a file, absolute and without symbolic links, also of one that does not exist yet: SQLite puts
 * the WAL beside the file itself, not beside a link to it. Where links cannot be followed (no rights, a
 * circle) it is the absolute path, and opening it says what is wrong.
 */
export function realPath(file: string): string {
  let path = resolve(file);
  for (let i = 0; i < MOST_LINKS; i++) {
    try {
      return realpathSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return path;
    }
    const folder = dirname(path);
    if (folder === path) return path;
    const target = targetOf(path);
    // Not there yet, as a link to it may be.
    if (target === undefined) return join(realPath(folder), basename(path));
    path = resolve(realPath(folder), target);
  }
  return path;
}

/** `undefined` for what is no symbolic link. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
