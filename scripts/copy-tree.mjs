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
  ".thulp",
  ".snippets",
  ".projects",
  "coverage",
]);

/** Copies a working tree as it lies here, without what was made in it. */
export function copyTree(from, to) {
  cpSync(from, to, { recursive: true, filter: (path) => path === from || !MADE.has(basename(path)) });
}
