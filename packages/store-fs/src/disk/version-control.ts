import fs from "node:fs";
import { join } from "node:path";
import { takeOwnerOfFolder } from "./ownership.ts";
import { closeFile } from "./read-file.ts";

const { O_WRONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
const FILL = O_WRONLY | O_NOFOLLOW | O_NONBLOCK;

/**
 * What a folder holds belongs to this machine: a copy that came with a cloned repository would be taken for
 * what another program does.
 *
 * @throws when the folder cannot be written to.
 */
export function keepOutOfVersionControl(folder: string): void {
  const path = join(folder, ".gitignore");
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  // An empty one is of a process that was killed before it wrote.
  if (stat && !(stat.isFile() && stat.size === 0)) return;
  const descriptor = fs.openSync(path, stat ? FILL : "wx", 0o600);
  try {
    takeOwnerOfFolder(path, descriptor);
    fs.writeSync(descriptor, "*\n", 0);
  } finally {
    closeFile(descriptor);
  }
}
