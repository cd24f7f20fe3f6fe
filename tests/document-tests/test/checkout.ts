import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "@thulp-sessions/testing";
import { ROOT } from "./document.ts";

/**
 * A folder that looks like this repository, built, with links to what is in it: what a person makes at its
 * root or in
 * `apps/api` lands in the folder.
 */
export function checkout(): string {
  const folder = tempFolder();
  linkAll(ROOT, folder, ["apps", ".git", ".thulp"]);
  mkdirSync(join(folder, "apps/api"), { recursive: true });
  linkAll(join(ROOT, "apps"), join(folder, "apps"), ["api"]);
  linkAll(join(ROOT, "apps/api"), join(folder, "apps/api"), []);
  return folder;
}

function linkAll(from: string, to: string, left: readonly string[]): void {
  for (const name of readdirSync(from)) {
    if (!left.includes(name) && !/^demo/.test(name)) symlinkSync(join(from, name), join(to, name));
  }
}
