import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, copyFileSync, linkSync, renameSync, rmSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isSessionError, SessionError } from "@thulp-sessions/core";
import { invalidInput, type RestoreReport } from "@thulp-sessions/core/store";
import { createPrivately, syncFile, syncFolder } from "../connection/database-file.ts";
import { type Client, type Connect, loadDriver } from "../connection/driver.ts";
import { checkOptions } from "../connection/options.ts";
import { realPath } from "../connection/real-path.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import { checkDatabaseHeader } from "../open/check-file.ts";
import { openDatabase } from "../open/open.ts";
import { refuseForeignWal } from "../open/refuse-foreign-wal.ts";
import { refuseInUse, takeExclusively } from "./exclusive-use.ts";
import { checkIntegrity } from "./integrity.ts";

const LOGS = ["-wal", "-journal"];

/**
 * See `WholeStoreMaintenance.restore`. In this order: a copy of the backup, checked whole; the store taken
 * for this process alone; what is there given a second name; the copy moved into its place, which is one
 * step. A crash leaves the store of before or the restored one.
 */
export async function restore(to: string, from: string): Promise<RestoreReport> {
  const [source, target] = [realPath(from), realPath(to)];
  const connect = await loadDriver();
  const copy = `${target}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    refuseSource(connect, source, target);
    refuseInUse(target);
    await refuseForeignWal(connect, source);
    await copyAtRest(source, copy);
    const sessions = await checkCopy(copy, source);
    const kept = await replace(connect, target, copy);
    return { sessions, bytes: statSync(target).size, kept };
  } catch (error) {
    if (error instanceof Error && "syscall" in error)
      throw new SessionError("io", `${target} could not be restored from ${source}: ${error.message}.`, {
        cause: error,
        details: { path: target },
      });
    throw sessionErrorOf(error, target);
  } finally {
    for (const suffix of ["", "-shm", ...LOGS]) rmSync(copy + suffix, { force: true });
  }
}

function refuseSource(connect: Connect, source: string, target: string): void {
  const stats = statSync(source, { bigint: true, throwIfNoEntry: false });
  if (!stats?.isFile())
    throw invalidInput(`from: there is no file ${source}.`, { field: "from", path: source });
  if (stats.size === 0n) throw invalidInput(`from: ${source} is empty.`, { field: "from", path: source });
  const own = statSync(target, { bigint: true, throwIfNoEntry: false });
  if (own?.dev === stats.dev && own.ino === stats.ino)
    throw invalidInput(`from: ${source} is the store itself.`, { field: "from", path: source });
  refuseInUse(source);
  checkDatabaseHeader(connect, source);
}

/** @throws {SessionError} busy when the files were changed meanwhile. */
async function copyAtRest(source: string, copy: string): Promise<void> {
  const before = stateOf(source);
  // The log last: it then looks as if it had been written to last, and is.
  for (const suffix of ["", "-wal"]) {
    if (!statSync(source + suffix, { throwIfNoEntry: false })) continue;
    createPrivately(copy + suffix);
    await copyFile(source + suffix, copy + suffix);
    chmodSync(copy + suffix, 0o600);
  }
  if (stateOf(source) === before) return;
  throw new SessionError(
    "busy",
    `${source} was written to while it was read. Nothing was changed; make a backup of it, and restore from that.`,
    { details: { path: source } },
  );
}

function stateOf(file: string): string {
  return ["", "-wal"]
    .map((suffix) => statSync(file + suffix, { bigint: true, throwIfNoEntry: false }))
    .map((stats) => `${stats?.size} ${stats?.mtimeNs}`)
    .join();
}

/** @returns how many sessions it has. @throws {SessionError} corrupt, unsupported, in terms of the backup. */
async function checkCopy(copy: string, source: string): Promise<number> {
  try {
    const database = await openDatabase({ ...checkOptions({ file: copy }), isCopy: true });
    try {
      const [finding, ...others] = await checkIntegrity(database);
      if (finding) throw damagedBackup(source, finding.reason, others.length);
      return database.client.prepare<[], number>("SELECT count(*) FROM sessions").pluck().get() ?? 0;
    } finally {
      database.close();
    }
  } catch (error) {
    if (!isSessionError(error)) throw error;
    const { code, message, cause } = error;
    throw new SessionError(code, message.replaceAll(copy, source), { cause, details: { path: source } });
  }
}

function damagedBackup(source: string, reason: string, others: number): SessionError {
  const more = others === 0 ? "" : ` (and ${others} more)`;
  return new SessionError(
    "corrupt",
    `${source} is damaged: ${reason}${more} Nothing was changed. What can be read of it: thulp-sessions recover TO --store sqlite:${source}.`,
    { details: { path: source } },
  );
}

/** @returns what the store of before is called now; `null` where there was none. */
async function replace(connect: Connect, target: string, copy: string): Promise<string | null> {
  const own = statSync(target, { throwIfNoEntry: false });
  const kept = `${target}.before-restore-${Date.now()}`;
  if (own) {
    chmodSync(copy, own.mode & 0o777);
    // Only root may give files away.
    if (process.getuid?.() === 0) chownSync(copy, own.uid, own.gid);
  }
  syncFile(copy);
  const holder = own && own.size > 0 ? await takeTarget(connect, target) : null;
  try {
    // On Windows a file that is open cannot be replaced.
    if (process.platform === "win32") holder?.close();
    const left = LOGS.filter((suffix) => statSync(target + suffix, { throwIfNoEntry: false })?.size);
    for (const suffix of left) renameSync(target + suffix, kept + suffix);
    for (const suffix of ["-shm", ...LOGS]) rmSync(target + suffix, { force: true });
    if (own) giveSecondName(target, kept);
    renameSync(copy, target);
    if (process.platform !== "win32") syncFolder(dirname(target));
    return own || left.length > 0 ? kept : null;
  } finally {
    holder?.close();
  }
}

/**
 * `null` for a file that is damaged, or beside a log of another: there is nothing to be taken then, and both
 * are kept as they are.
 *
 * @throws {SessionError} unsupported for what is no store of ours; busy.
 */
async function takeTarget(connect: Connect, target: string): Promise<Client | null> {
  try {
    checkDatabaseHeader(connect, target);
    await refuseForeignWal(connect, target);
  } catch (error) {
    if (isSessionError(error, "corrupt")) return null;
    throw error;
  }
  return takeExclusively(connect, target);
}

function giveSecondName(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw error;
    // A file system without hard links.
    copyFileSync(file, name);
    syncFile(name);
  }
}
