import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, inject } from "vitest";

export const ROOT = join(import.meta.dirname, "..", "..", "..");
/** The pnpm that the bootstrap has installed. */
export const PNPM = join(ROOT, ".tools", "node_modules", "pnpm", "bin", "pnpm.cjs");

/** The versions that the workspace pins. */
export const CATALOG: Readonly<Record<string, string>> = Object.fromEntries(
  [...readFileSync(join(ROOT, "pnpm-workspace.yaml"), "utf8").matchAll(/^ {2}"?([^":\s]+)"?: (\S+)$/gm)].map(
    ([, name, version]) => [name, version],
  ),
);

interface Package {
  readonly name: string;
  readonly folder: string;
}

/** Every package that may be published. */
export const PACKAGES: readonly Package[] = ["packages", "apps"]
  .flatMap((parent) => readdirSync(join(ROOT, parent)).map((name) => join(ROOT, parent, name)))
  .filter((folder) => existsSync(join(folder, "package.json")))
  .map((folder) => ({ ...JSON.parse(readFileSync(join(folder, "package.json"), "utf8")), folder }))
  .filter((each) => each.private !== true)
  .map(({ name, folder }) => ({ name, folder }));

/** A folder outside the repository that is gone after the file's tests. */
export function outsideFolder(purpose: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `thulp-${purpose}-`)));
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/**
 * The tarball of each package, as it would be published: made from what was built. The first file of a run
 * that asks packs them.
 */
export function packAll(): Map<string, string> {
  const shared = inject("sharedFolder");
  const packed = join(shared, "packed");
  if (!existsSync(packed)) {
    const folder = mkdtempSync(join(shared, "packing-"));
    const chosen = PACKAGES.flatMap(({ name }) => ["--filter", name]);
    const args = [PNPM, "-r", ...chosen, "pack", "--json", "--pack-destination", folder];
    const told = execFileSync(process.execPath, args, { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 });
    writeFileSync(join(folder, "names.json"), told);
    try {
      renameSync(folder, packed);
    } catch (error) {
      // Another worker was earlier.
      if (!existsSync(packed)) throw error;
    }
  }
  const all: { name: string; filename: string }[] = JSON.parse(
    readFileSync(join(packed, "names.json"), "utf8"),
  );
  return new Map(all.map(({ name, filename }) => [name, join(packed, basename(filename))]));
}
