// Checks the types of all packages. Those that are checked in the same way are one program, so that what they
// share is read once: a program for each takes several times as long. A package says by its script
// `typecheck` which of its tsconfig files there are.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const TSC = join(root, "node_modules", "typescript", "bin", "tsc");
const BASE = "tsconfig.base.json";
/** What decides only where files would be written. */
const HARMLESS = ["rootDir"];

/** Below `node_modules`, so that the types of Node are found from there. */
const folder = mkdtempSync(join(root, "node_modules", ".typecheck-"));
let failed = false;
try {
  const shared = [];
  for (const config of packageFolders().flatMap(configsOf)) {
    const { extends: base, compilerOptions = {}, include = [] } = JSON.parse(readFileSync(config, "utf8"));
    const isPlain =
      join(dirname(config), base) === join(root, BASE) &&
      Object.keys(compilerOptions).every((name) => HARMLESS.includes(name));
    if (isPlain) shared.push(...include.map((pattern) => fromFolder(join(dirname(config), pattern))));
    else check(config);
  }
  const file = join(folder, "tsconfig.json");
  const options = { rootDir: fromFolder(root) };
  writeFileSync(
    file,
    JSON.stringify({ extends: fromFolder(join(root, BASE)), compilerOptions: options, include: shared }),
  );
  check(file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;

function packageFolders() {
  const groups = ["packages", "apps", "examples", "tests", "tooling"];
  const inGroups = groups.flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name)),
  );
  return [...inGroups, join(root, "bench")].filter((path) => existsSync(join(path, "package.json")));
}

/** The files that the script of a package names. */
function configsOf(path) {
  const { scripts = {} } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const names = [...(scripts.typecheck ?? "").matchAll(/tsc -p (\S+)/g)].map(([, name]) => name);
  return names.map((name) => join(path, name));
}

function check(config) {
  const { status, error } = spawnSync(process.execPath, [TSC, "-p", config, "--noEmit"], {
    cwd: root,
    stdio: "inherit",
  });
  if (error) throw error;
  if (status !== 0) failed = true;
}

function fromFolder(path) {
  return relative(folder, path).split(sep).join("/");
}
