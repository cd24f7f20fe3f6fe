import { SessionError } from "@thulp-sessions/core";
import type BetterSqlite3 from "better-sqlite3";
import { refuseNewerDriver, warnOfAbort } from "./native-binding.ts";

/** A connection of better-sqlite3. */
export type Client = BetterSqlite3.Database;
export type Statement<P extends unknown[], R> = BetterSqlite3.Statement<P, R>;

export type Connect = (file: string, options: { readonly?: boolean; fileMustExist?: boolean }) => Client;

/**
 * Loads better-sqlite3, and only now, so that this package can be imported where its native binding is
 * missing.
 *
 * @returns opens a connection.
 * @throws {SessionError} unsupported, with what to do.
 */
export async function loadDriver(): Promise<Connect> {
  refuseNewerDriver();
  try {
    const { default: Database } = await import("better-sqlite3");
    // Loads the binding, so that its failure is not mistaken for one of the file.
    new Database(":memory:").close();
    warnOfAbort();
    return (file, options) => {
      // No timeout: waiting inside SQLite would block the event loop. See retry-busy.ts.
      const client = new Database(file, { ...options, timeout: 0 });
      // A file may come from anybody: nothing in its schema gets to call what could do harm. better-sqlite3
      // is in defensive mode by itself.
      client.pragma("trusted_schema = OFF");
      return client;
    };
  } catch (cause) {
    throw new SessionError("unsupported", driverProblem(cause), { cause });
  }
}

function driverProblem(cause: unknown): string {
  const { code, message } =
    cause instanceof Error ? (cause as NodeJS.ErrnoException) : { message: String(cause) };
  if (code === "ERR_DLOPEN_FAILED" || message.includes("NODE_MODULE_VERSION")) {
    return (
      `The native binding of better-sqlite3 was built for another version of Node than this one (${process.version}). ` +
      "Run `npm rebuild better-sqlite3` (or `pnpm rebuild better-sqlite3`) with the Node that runs the program."
    );
  }
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") {
    return "better-sqlite3 is not installed. Install it (`npm install better-sqlite3@12`), or choose another store.";
  }
  return (
    "better-sqlite3 cannot be loaded: its native binding has not been built. With npm run `npm rebuild better-sqlite3`; " +
    "pnpm builds it only when told to: run `pnpm approve-builds` and allow better-sqlite3. Or choose another store. " +
    // The cause has every path that was tried.
    `It says: ${message.split("\n", 1)[0]}`
  );
}
