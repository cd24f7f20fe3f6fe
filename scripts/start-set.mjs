// What `npm start` needs of this workspace: the packages that apps/api and its page, apps/viewer, are built
// from, and nothing that only a test or a tool uses. What builds the page is among its dependencies for that.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Of apps/viewer the server takes files; it imports nothing of it. */
const ROOTS = ["@thulp-sessions/viewer", "@thulp-sessions/api"];
/** The packages, as pnpm selects them: without what only their tests depend on. */
export const START_PACKAGES = ROOTS.flatMap((name) => ["--filter-prod", `${name}...`]);
/**
 * What to install of the lockfile for them. The root has the compiler, the types of what has none, and for
 * packages/transcripts, whose peer it is, better-sqlite3.
 */
export const START_INSTALL = ["--prod", "--filter", "thulp-sessions-monorepo", ...START_PACKAGES];

/** Builds unless the sources, and what was built of them, are still those of the last time. */
export function buildStartSet(root, build) {
  const stampFile = join(root, "node_modules", ".start-stamp");
  const folders = foldersOf(root, ROOTS);
  const before = existsSync(stampFile) ? readFileSync(stampFile, "utf8") : "";
  if (before === stampOf(root, folders)) return;
  build();
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stampOf(root, folders));
}

/** The folders of packages of this workspace and of those that they depend on. */
function foldersOf(root, names) {
  const packages = new Map();
  for (const parent of ["packages", "apps"].map((each) => join(root, each))) {
    for (const each of readdirSync(parent)) {
      const manifest = join(parent, each, "package.json");
      if (!existsSync(manifest)) continue;
      const { name: own, dependencies = {} } = JSON.parse(readFileSync(manifest, "utf8"));
      packages.set(own, { folder: join(parent, each), dependencies: Object.keys(dependencies) });
    }
  }
  const found = new Set(names.filter((name) => packages.has(name)));
  for (const each of found)
    for (const dependency of packages.get(each).dependencies)
      if (packages.has(dependency)) found.add(dependency);
  return [...found].map((each) => packages.get(each).folder);
}

function stampOf(root, folders) {
  const hash = createHash("sha256");
  const add = (path) => hash.update(`${path}\0`).update(readFileSync(path)).update("\0");
  for (const name of ["pnpm-lock.yaml", "tsconfig.base.json", "tsconfig.build.json"]) add(join(root, name));
  for (const folder of folders) {
    for (const name of readdirSync(folder).sort())
      if (/\.(json|[jt]s|mjs|html)$/.test(name)) add(join(folder, name));
    for (const part of ["src", "dist"]) for (const path of filesIn(join(folder, part))) add(path);
  }
  return hash.digest("hex");
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath ?? each.path, each.name))
    .sort();
}
