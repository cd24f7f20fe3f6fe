import { closeSync, fsyncSync, mkdirSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { APPLICATION_ID, checkTablesVersion, otherApplication, refused } from "./application-id.ts";
import { type Claim, isOpen, registerOpen } from "./open-files.ts";
import { giveFolderAway, takeOwnerOfFolder } from "./ownership.ts";

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const PAGE_SIZE_OFFSET = 16;
const CHANGE_COUNTER_OFFSET = 24;
const PAGE_COUNT_OFFSET = 28;
const USER_VERSION_OFFSET = 60;
const APPLICATION_ID_OFFSET = 68;
/** The change counter for which the number of pages was written down. */
const COUNTED_AT_OFFSET = 92;

/**
 * Creates the file and its folders where they are missing, for the owner only, and checks the header of one
 * that exists. It does so without SQLite, because opening the database of another program could already
 * change it.
 *
 * @throws {SessionError} unsupported for a file of another program or of a newer version; corrupt; io.
 */
export function prepareFile(file: string): void {
  withPath(file, () => {
    createFolders(dirname(file));
    refuseLeftLog(file);
    // A file that this process has open was checked when it was opened, and must not be opened here
    // (open-files.ts).
    if (!createFile(file) && !isOpen(file)) checkHeader(file);
  });
}

/**
 * To be called as soon as it is sure that SQLite may open the file.
 *
 * @throws {SessionError} io
 */
export function claimFile(file: string): Claim {
  return withPath(file, () => registerOpen(file));
}

/** An error of the system becomes one that names the file. */
export function withPath<T>(file: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    if (cause instanceof SessionError) throw cause;
    const reason = cause instanceof Error ? cause.message : cause;
    throw new SessionError("io", `${file} cannot be opened: ${reason}.`, { cause, details: { path: file } });
  }
}

/** Folders that are missing, for the owner only: that of the folder they lie in, where root makes them. */
export function createFolders(folder: string): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first === undefined || process.platform === "win32") return;
  const made: string[] = [];
  for (let created = folder; ; created = dirname(created)) {
    made.unshift(created);
    if (created === first || created === dirname(created)) break;
  }
  for (const created of made) giveFolderAway(created);
  // The new folders have to be on the disk before anything in them counts as written.
  for (let created = folder; ; created = dirname(created)) {
    syncFolder(dirname(created));
    if (created === first || created === dirname(created)) return;
  }
}

/** Syncs the names in a folder. Not to be called on Windows, which cannot do it. */
export function syncFolder(folder: string): void {
  withFile(folder, "r", fsyncSync);
}

export function syncFile(file: string): void {
  withFile(file, "r+", fsyncSync);
}

function withFile<T>(path: string, flags: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(path, flags);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * An empty file that SQLite takes for a new database, for the owner only: it would make one that everybody
 * can read.
 */
export function createPrivately(file: string): void {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    takeOwnerOfFolder(file, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** True when it did not exist. SQLite gives `-wal` and `-shm` the same mode. */
function createFile(file: string): boolean {
  try {
    createPrivately(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * SQLite would delete the log beside a file that is missing or empty, and the log may hold everything. An
 * empty file beside a `-journal` is what a crash leaves while a file is made.
 *
 * @throws {SessionError} corrupt
 */
export function refuseLeftLog(file: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats && stats.size > 0) return;
  const log = (stats ? ["-wal"] : ["-wal", "-journal"]).map((suffix) => file + suffix).find(sizeOf);
  if (log === undefined) return;
  throw damaged(
    file,
    0,
    `is ${stats ? "empty" : "missing"}, but its write-ahead log (${log}, ${sizeOf(log)} bytes) is not, and may hold sessions ` +
      "that are nowhere else. Nothing was changed. Put the database back beside its log; if you want to begin with a new one, " +
      "move the log away first",
  );
}

/** @throws {SessionError} unsupported, corrupt */
export function checkHeader(file: string): void {
  if (sizeOf(file) === 0) return;
  const header = readHeader(file);
  if (header.subarray(0, MAGIC.length).toString("latin1") !== MAGIC.slice(0, header.length)) {
    throw refused(file, "is no SQLite database. Choose another file", { field: "header" });
  }
  if (header.length < HEADER_BYTES)
    throw damaged(file, header.length, "ends within its header. It was left alone");
  if (header.readUInt32BE(APPLICATION_ID_OFFSET) !== APPLICATION_ID) throw otherApplication(file);
  checkTablesVersion(file, header.readUInt32BE(USER_VERSION_OFFSET));
  refuseLostEnd(file, header);
}

/** The number of pages counts where the two counters agree; with a log beside it a file may be shorter. */
function refuseLostEnd(file: string, header: Buffer): void {
  if (header.readUInt32BE(CHANGE_COUNTER_OFFSET) !== header.readUInt32BE(COUNTED_AT_OFFSET)) return;
  const pageSize = header.readUInt16BE(PAGE_SIZE_OFFSET);
  const bytes = header.readUInt32BE(PAGE_COUNT_OFFSET) * (pageSize === 1 ? 65_536 : pageSize);
  // In this order: another process may be completing the file.
  if (["-wal", "-journal"].some((suffix) => sizeOf(file + suffix) > 0)) return;
  const size = sizeOf(file);
  if (size >= bytes) return;
  throw damaged(
    file,
    size,
    `has lost its end: it has ${size} of the ${bytes} bytes that its first page speaks of. It was left as it is; ` +
      "thulp-sessions recover TO writes what is left into a new file",
  );
}

export function lostFirstPage(file: string): SessionError {
  return damaged(
    file,
    0,
    "is a store that has lost its first page, which says where everything is. It was left as it is; thulp-sessions recover TO " +
      "writes what is left into a new file",
  );
}

/** In bytes; 0 when it does not exist. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function readHeader(file: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  return withFile(file, "r", (fd) => header.subarray(0, readSync(fd, header, 0, HEADER_BYTES, 0)));
}

function damaged(file: string, offset: number, problem: string): SessionError {
  return new SessionError("corrupt", `${file} ${problem}.`, { details: { path: file, offset } });
}
