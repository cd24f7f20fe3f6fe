import { SessionError } from "@thulp-sessions/core";
import type BetterSqlite3 from "better-sqlite3";
import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";
import { refuseNewerDriver, warnOfAbort } from "./native-binding.ts";

/** A connection of better-sqlite3. */
export type Client = BetterSqlite3.Database;
export type Statement<P extends unknown[], R> = BetterSqlite3.Statement<P, R>;
/** drizzle over that connection. */
export type Orm = BetterSQLite3Database;

export interface Driver {
  connect(file: string, options: { readonly?: boolean; fileMustExist?: boolean }): Client;
  orm(client: Client): Orm;
}

/**
 * Loads better-sqlite3 and drizzle's half for it only now, so that this package can be imported where the native
 * binding is missing.
 *
 * @throws {SessionError} unsupported, with what to do.
 */
export async function loadDriver(): Promise<Driver> {
  refuseNewerDriver();
  try {
    const { default: Database } = await import("better-sqlite3");
    const { drizzle } = await import("drizzle-orm/better-sqlite3");
    // The binding is loaded by the first database; here its failure cannot be taken for one of the file.
    new Database(":memory:").close();
    warnOfAbort();
    return {
      // No timeout: waiting inside SQLite would hold up the event loop. See retry.ts.
      connect: (file, options) => new Database(file, { ...options, timeout: 0 }),
      orm: (client) => drizzle({ client }),
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
    // What it tries line by line stands in the cause.
    `It says: ${message.split("\n", 1)[0]}`
  );
}
