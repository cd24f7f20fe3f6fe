import { closeSync, openSync, readSync, statSync } from "node:fs";
import { SessionError } from "@thulp-sessions/core";
import type { Client, Connect } from "../connection/driver.ts";
import { noIndexRoom } from "../connection/index-room.ts";
import { isOpen } from "../connection/open-files.ts";
import { sleep } from "../connection/real-time.ts";
import { isBusy, isCorrupt, isWithoutIndex, sessionErrorOf } from "../connection/sqlite-errors.ts";
import { WalFile } from "../connection/wal-file.ts";
import { differenceOf } from "./schema-difference.ts";

// SQLite replays any log that has the right name, also one that a file was put beside: a backup that was
// copied over a file, or moved into its place. Neither has a mark that would tie them together. What ties
// them:
//
// times      a log that was written to last belongs to the file, unless the file was put there since, which
//            changes its time of change. That is all that is looked at as a rule.
// page 1     has a counter that SQLite raises by one at most from the file to the first page 1 in the log,
//            and the version of the schema. `backup` restarts both.
// pages      a file that was written to after its log was written to from the log, by a checkpoint: then
//            pages of the log are in it. If all are, replaying changes nothing.
// contents   what file and log are together can be read without replaying it: it has to be whole.
//
// A copy of the file itself, made before the log was begun and put back with its old times, cannot be told
// from the file: the log fits it, and nothing is lost.

/** A checkpoint of another process may be under way while the files are looked at. */
const MAX_ATTEMPTS = 20;
const PAUSE_MS = 50;

/**
 * @param contentsOf where SQLite may read the two together: the file itself, or a copy of both; `null` where
 *   it
 *   must not, on a full disk.
 * @throws {SessionError} corrupt when the log beside the file is not its own; nothing is replayed.
 */
export async function refuseForeignWal(
  connect: Connect,
  file: string,
  contentsOf: string | null = file,
): Promise<void> {
  for (let i = 1; ; i++) {
    // A file that this process has open was looked at when it was opened, and must not be opened here
    // (open-files.ts).
    if (isOpen(file)) return;
    const times = timesOf(file);
    if (times === null || isWrittenLast(times)) return;
    const problem = lookAt(connect, file, times, contentsOf);
    if (problem === null) return;
    const now = timesOf(file);
    const isAtRest =
      now !== null && now.file.mtimeNs === times.file.mtimeNs && now.wal.mtimeNs === times.wal.mtimeNs;
    if (isAtRest || i === MAX_ATTEMPTS) throw foreignWal(file, problem);
    await sleep(PAUSE_MS);
  }
}

interface Times {
  readonly file: { readonly mtimeNs: bigint; readonly ctimeNs: bigint };
  readonly wal: { readonly mtimeNs: bigint; readonly ctimeNs: bigint };
}

/** `null` where there is nothing to replay. */
function timesOf(file: string): Times | null {
  // The file first: of two that are being written to the log then looks the younger.
  const own = statSync(file, { bigint: true });
  const wal = statSync(`${file}-wal`, { bigint: true, throwIfNoEntry: false });
  return wal && wal.size > 0n ? { file: own, wal } : null;
}

function isWrittenLast({ file, wal }: Times): boolean {
  return file.mtimeNs <= wal.mtimeNs && file.ctimeNs <= wal.ctimeNs;
}

function lookAt(connect: Connect, file: string, times: Times, contentsOf: string | null): string | null {
  try {
    return problemOf(connect, file, times, contentsOf);
  } catch (error) {
    if (isBusy(error)) return "both are in use";
    // Where a file cannot be read, SQLite is to say so.
    if (error instanceof Error && "syscall" in error) return null;
    throw sessionErrorOf(error, file);
  }
}

function problemOf(connect: Connect, file: string, times: Times, contentsOf: string | null): string | null {
  const wal = WalFile.open(`${file}-wal`);
  if (wal === null) return null;
  const descriptor = openSync(file, "r");
  try {
    if (wal.pageCount === 0) return null;
    const readPage = (page: number): Buffer => {
      const bytes = Buffer.alloc(wal.pageSize);
      readSync(descriptor, bytes, 0, bytes.length, (page - 1) * wal.pageSize);
      return bytes;
    };
    const first = readPage(1);
    // A lost first page is said by those who read the header, and the log may be what is left.
    if (first.toString("latin1", 0, MAGIC.length) !== MAGIC) return null;
    if (!fitsFirstPage(wal, first)) return "the file is not the one that the log was begun for";
    const { all, some } = pagesInFile(wal, readPage);
    if (all) return null;
    // Windows may be late with the time of a file that is open.
    const isLate = times.file.mtimeNs > times.wal.mtimeNs && process.platform !== "win32";
    if (isLate && !some) return WRITTEN_SINCE;
    try {
      if (contentsOf !== null) return contentsProblem(connect, contentsOf);
    } catch (error) {
      if (!isWithoutIndex(error)) throw error;
    }
    // On a full disk SQLite cannot be asked; a checkpoint that it interrupted has left pages of the log.
    if (some) return null;
    throw noIndexRoom(file);
  } finally {
    closeSync(descriptor);
    wal.close();
  }
}

const WRITTEN_SINCE = "the file was written after the log, and not from it";

const MAGIC = "SQLite format 3\0";
// Of the first page, in bytes.
const HEADER_BYTES = 100;
const PAGE_SIZE = 16;
const CHANGE_COUNTER = 24;
const SCHEMA_COOKIE = 40;
const USER_VERSION = 60;
/** How far a rebuilt index for search, or the statistics of another tool, raise the schema's version. */
const MAX_SCHEMA_CHANGES = 16;

function fitsFirstPage(wal: WalFile, page: Buffer): boolean {
  const size = page.readUInt16BE(PAGE_SIZE);
  if ((size === 1 ? 65_536 : size) !== wal.pageSize) return false;
  const offsets = wal.offsets.get(1);
  if (!offsets) return true;
  const header = page.subarray(0, HEADER_BYTES);
  const images = offsets.map((offset) => wal.page(offset).subarray(0, HEADER_BYTES));
  if (images.some((image) => image.equals(header))) return true;
  const [first] = images;
  if (!first) return true;
  const grown = (offset: number) => first.readUInt32BE(offset) - header.readUInt32BE(offset);
  const schemaChanges = grown(SCHEMA_COOKIE);
  const isOfSchema = grown(USER_VERSION) !== 0 || (schemaChanges >= 0 && schemaChanges <= MAX_SCHEMA_CHANGES);
  return (grown(CHANGE_COUNTER) === 0 || grown(CHANGE_COUNTER) === 1) && isOfSchema;
}

/** Whether the pages of the log, as they are at its end or were before, are in the file. */
function pagesInFile(wal: WalFile, readPage: (page: number) => Buffer): { all: boolean; some: boolean } {
  let [all, some] = [true, false];
  for (const [page, offsets] of wal.offsets) {
    if (page > wal.pageCount) continue;
    const own = readPage(page);
    const last = offsets.at(-1) as number;
    if (own.equals(wal.page(last))) some = true;
    else {
      all = false;
      if (!some) some = offsets.some((offset) => own.equals(wal.page(offset)));
    }
  }
  return { all, some };
}

/** What file and log are together, read by SQLite: a connection that only reads replays nothing. */
function contentsProblem(connect: Connect, file: string): string | null {
  const client = connect(file, { readonly: true, fileMustExist: true });
  try {
    const { foreign, missing } = differenceOf(connect, client, file);
    // Refused for that, and not read.
    if (foreign.length + missing.length > 0) return null;
    return client.transaction(() => unwholeness(client))();
  } catch (error) {
    if (isCorrupt(error)) return `the two together are no database (${(error as Error).message})`;
    throw error;
  } finally {
    client.close();
  }
}

function unwholeness(client: Client): string | null {
  for (const table of ["sessions", "entries", "contexts", "session_tags"]) {
    const [row] = client.pragma(`integrity_check('${table}')`) as { integrity_check: string }[];
    if (row?.integrity_check !== "ok") return `the two together are damaged (${row?.integrity_check})`;
  }
  const wrongCounts = client.prepare(`
    SELECT 1 FROM sessions
    WHERE entry_count <> (SELECT count(*) FROM entries WHERE session_key = sessions.key)
    LIMIT 1`);
  return wrongCounts.get() === undefined ? null : "the two together have sessions with missing entries";
}

function foreignWal(file: string, problem: string): SessionError {
  const wal = `${file}-wal`;
  const isTogether = problem === WRITTEN_SINCE ? ` If both were copied here together: touch ${wal}.` : "";
  return new SessionError(
    "corrupt",
    `The write-ahead log ${wal} does not belong to ${file}: ${problem}. Nothing of it was used, nothing was changed. If the ` +
      "file is a backup that was put there: end every program that uses it, and run thulp-sessions restore BACKUP, or move " +
      `the log away. If the log is what you need: put the file back that was there before.${isTogether}`,
    { details: { path: wal } },
  );
}
