import fs from "node:fs";
import { join } from "node:path";
import { takeOwnerOfFolder } from "./ownership.ts";
import { closeFile } from "./read-file.ts";

/**
 * What a folder holds belongs to this machine: a copy that came with a cloned repository would be taken for
 * what another program does.
 *
 * @throws when the folder cannot be written to.
 */
export function keepOutOfVersionControl(folder: string): void {
  const path = join(folder, ".gitignore");
  if (fs.lstatSync(path, { throwIfNoEntry: false })) return;
  const descriptor = fs.openSync(path, "wx", 0o600);
  try {
    takeOwnerOfFolder(path, descriptor);
    fs.writeSync(descriptor, "*\n");
  } finally {
    closeFile(descriptor);
  }
}
