import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { SessionError } from "@thulp-sessions/core";

// Combinations of better-sqlite3 and Node that end the process instead of throwing; docs/node.md explains
// them.
const require = createRequire(import.meta.url);

/** Only code compiled against the node::ObjectWrap of Node 24.19 or later calls it. */
const HOOK = "RemoveEnvironmentCleanupHook";

/**
 * To be called before the first database is opened: on Node 20 that ends the process with better-sqlite3 13.
 *
 * @throws {SessionError} unsupported
 */
export function refuseNewerDriver(): void {
  const version = driverVersion();
  const [nodeMajor = 0] = numbersOf(process.versions.node);
  const [driverMajor = 0] = numbersOf(version ?? "");
  if (driverMajor < 13 || nodeMajor >= 22) return;
  throw new SessionError(
    "unsupported",
    `better-sqlite3 ${version} needs Node 22 or newer and ends the process on this one (v${process.versions.node}). ` +
      "Install better-sqlite3 12 (`npm install better-sqlite3@12`), run a newer Node, or choose another store.",
  );
}

let isChecked = false;

/** To be called when the binding is loaded. Warns, once in a process, that this binding will abort it. */
export function warnOfAbort(): void {
  if (isChecked || !isNodeThatAborts(process.versions.node)) return;
  isChecked = true;
  const file = loadedBinding();
  if (file === undefined || !needsHook(file)) return;
  process.emitWarning(
    `The native binding of better-sqlite3 was compiled against headers of Node with which the process is aborted ` +
      `(SIGABRT, "Assertion failed: (env) != nullptr" in ${HOOK}) as soon as the garbage collector meets a statement: ${file}. ` +
      "What was acknowledged is kept. Use a prebuilt binding of better-sqlite3, or compile it with a Node that is not concerned " +
      "(24.18.1 or older of 24), or take better-sqlite3 13 by an override, or run Node 22 or 26.4 and newer.",
    { type: "Warning", code: "THULP_SESSIONS_BINDING_ABORTS" },
  );
}

/**
 * The runtimes that expect a context where the garbage collector has none (nodejs/node#65446,
 * nodejs/node#65262).
 */
function isNodeThatAborts(version: string): boolean {
  const [major = 0, minor = 0] = numbersOf(version);
  return major === 24 || (major === 26 && minor < 4);
}

/** The path of the binding that this process has loaded. */
function loadedBinding(): string | undefined {
  return Object.keys(require.cache).find((file) => basename(file) === "better_sqlite3.node");
}

/** On every platform the file of a binding has the names of the functions that it imports from Node. */
function needsHook(file: string): boolean {
  try {
    return readFileSync(file).includes(HOOK);
  } catch {
    // Loaded and removed since: nothing can be said about it.
    return false;
  }
}

/** Undefined where the package is bundled into the program. */
function driverVersion(): string | undefined {
  try {
    return (require("better-sqlite3/package.json") as { version?: string }).version;
  } catch {
    return undefined;
  }
}

function numbersOf(version: string): number[] {
  return version.split(".").map(Number);
}
