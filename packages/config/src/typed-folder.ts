import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * The folder in which a person has typed the command. npm, pnpm and Yarn change to the folder of the package
 * whose script they run, and name the folder of before in `INIT_CWD`. They leave that variable to everything
 * that the script starts, so that it counts only while the current folder is the one they have changed to:
 * a person who went on from there means the current folder.
 */
export function typedFolder(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  const { INIT_CWD: typed, npm_package_json: manifest, npm_lifecycle_event: script } = env;
  if (!typed) return resolve(cwd);
  const isPackageFolder =
    manifest === undefined
      ? script !== undefined && existsSync(join(cwd, "package.json"))
      : isSame(dirname(resolve(cwd, manifest)), cwd);
  return isPackageFolder ? resolve(cwd, typed) : resolve(cwd);
}

function isSame(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
