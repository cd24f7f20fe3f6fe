import fs from "node:fs";
import { join } from "node:path";

/**
 * What a folder holds belongs to this machine: a copy that came with a cloned repository would be taken for
 * what another program does.
 *
 * @throws when the folder cannot be written to.
 */
export function keepOutOfVersionControl(folder: string): void {
  const path = join(folder, ".gitignore");
  if (!fs.lstatSync(path, { throwIfNoEntry: false }))
    fs.writeFileSync(path, "*\n", { mode: 0o600, flag: "wx" });
}
