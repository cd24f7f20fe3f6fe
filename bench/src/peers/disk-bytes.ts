import { lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What the files of a folder take on the disk, in whole blocks. */
export function diskBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile())
    .reduce((sum, file) => sum + lstatSync(join(file.parentPath, file.name)).blocks * 512, 0);
}

/** A new folder in another one. */
export function folderIn(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}
