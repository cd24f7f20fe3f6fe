// How better-sqlite3 is compiled where the headers of Node would make it abort the process: see
// object-wrap-without-hook.h.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// Not import.meta.dirname: a Node that is too old has to get as far as to be told so.
export const HOOK_HEADER = fileURLToPath(new URL("object-wrap-without-hook.h", import.meta.url));

/** Major and minor version of the headers that lie there. */
export function headersVersion(nodeDir) {
  if (!nodeDir) return undefined;
  const file = join(nodeDir, "include", "node", "node_version.h");
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  const numberOf = (part) => Number(new RegExp(`#define NODE_${part}_VERSION (\\d+)`).exec(text)?.[1]);
  return [numberOf("MAJOR"), numberOf("MINOR")];
}

/**
 * True for the headers of Node 24.19 and every later 24. (26 has them as well, and from 26.4 on a runtime to
 * go with them.)
 *
 * @param nodeDir where the headers lie; where there are none, those of this Node are fetched.
 */
export function needsHookHeader(nodeDir, version = process.versions.node) {
  const [major, minor] = headersVersion(nodeDir) ?? version.split(".").map(Number);
  return major === 24 && minor >= 19;
}

/** Has every compiler of C++ include our header first. */
export function compileFlags(env) {
  // cl.exe takes from CL what stands before its arguments. make has the shell split CXXFLAGS.
  if (process.platform === "win32") env.CL = `/FI"${HOOK_HEADER}" ${env.CL ?? ""}`;
  else if (!env.CXXFLAGS.includes(HOOK_HEADER)) env.CXXFLAGS += ` -include "${HOOK_HEADER}"`;
}

/**
 * True when the binding that is installed would abort this Node: it was compiled elsewhere, or without our
 * header.
 */
export function abortsByHook(root, version = process.versions.node) {
  if (!version.startsWith("24.")) return false;
  const driver = join(root, "packages", "store-sqlite", "node_modules", "better-sqlite3");
  const file = join(driver, "build", "Release", "better_sqlite3.node");
  return existsSync(file) && readFileSync(file).includes("RemoveEnvironmentCleanupHook");
}
