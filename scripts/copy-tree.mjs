// A fresh clone, of what is not committed yet too.
import { cpSync } from "node:fs";
import { basename } from "node:path";

/** What an install, a build or a run of the tests makes. */
const MADE = new Set([
  ".git",
  "node_modules",
  "dist",
  ".turbo",
  ".tools",
  ".install-lock",
  ".thulp",
  ".snippets",
  ".projects",
  "coverage",
]);

/**
 * Copies a working tree as it lies here, without what was made in it.
 *
 * @param options.isBuilt with what was built, though.
 */
export function copyTree(from, to, { isBuilt = false } = {}) {
  const isWanted = (name) => !MADE.has(name) || (isBuilt && name === "dist");
  cpSync(from, to, { recursive: true, filter: (path) => path === from || isWanted(basename(path)) });
}
