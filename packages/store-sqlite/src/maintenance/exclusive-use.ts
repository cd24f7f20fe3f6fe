import { readFileSync, statSync } from "node:fs";
import { SessionError } from "@thulp-sessions/core";
import type { Client, Connect } from "../connection/driver.ts";
import { isOpen } from "../connection/open-files.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { isCorrupt } from "../connection/sqlite-errors.ts";

/** For programs that are just opening or closing it. */
const WAIT_MS = 1000;

/** @throws {SessionError} busy while any program has the file open, as far as that can be told. */
export function refuseInUse(file: string): void {
  if (isOpen(file) || isLocked(file) || isLocked(`${file}-shm`)) throw inUse(file);
}

/**
 * Takes the database for this process alone until the connection is closed, and writes its log into it, so
 * that the file by itself is everything. The log is gone then.
 *
 * @returns `null` where SQLite cannot read the file.
 * @throws {SessionError} busy while any program has it open. @throws errors of SQLite.
 */
export async function takeExclusively(connect: Connect, file: string): Promise<Client | null> {
  const client = connect(file, { fileMustExist: true });
  try {
    client.pragma("locking_mode = EXCLUSIVE");
    const mode = await retryWhileBusy(file, WAIT_MS, () =>
      client.pragma("journal_mode = DELETE", { simple: true }),
    );
    if (mode !== "delete") throw inUse(file);
    return client;
  } catch (error) {
    client.close();
    if (error instanceof SessionError && error.code === "busy") throw inUse(file);
    if (isCorrupt(error)) return null;
    throw error;
  }
}

/** On Linux the system says which files are locked; SQLite keeps a lock on every file that it has open. */
function isLocked(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats || process.platform !== "linux") return false;
  const { dev, ino } = stats;
  const [major, minor] = [(dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00)];
  const hex = (number: number) => number.toString(16).padStart(2, "0");
  try {
    return readFileSync("/proc/locks", "utf8").includes(` ${hex(major)}:${hex(minor)}:${ino} `);
  } catch {
    return false;
  }
}

function inUse(file: string): SessionError {
  return new SessionError(
    "busy",
    `${file} is open in a program. Nothing was changed; end every program that uses it, servers too, and try again.`,
    { details: { path: file } },
  );
}
