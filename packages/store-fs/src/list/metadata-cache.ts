import fs from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { SessionMetadata } from "@thulp-sessions/core";
import { deepFreeze, Yielder } from "@thulp-sessions/core/store";
import type { FileStamp } from "../disk/file-stamp.ts";
import { giveFolderAway, takeOwnerOfFolder } from "../disk/ownership.ts";
import { closeFile, readWholeFile } from "../disk/read-file.ts";
import { keepOutOfVersionControl } from "../disk/version-control.ts";
import { removeQuietly } from "../disk/write-file.ts";

/** Beside the sessions; everything in it may be removed at any time. */
export const CACHE_FOLDER = ".cache";

/** The number goes up whenever a process of before would take what stands there for something else. */
const FILE = "heads-2";
/** What an earlier version has left. */
const OLD_FILES = ["heads-1"];

/** A text cannot be much longer. */
const LONGEST_CACHE = 256 * 1024 * 1024;

const LINE_END = "\n".charCodeAt(0);
const NOTHING = Buffer.alloc(0);

/** So many sessions stand in one line: what is parsed before others have their turn. */
const ROWS_PER_LINE = 128;

/** The metadata of a session, and the state of the file that it was read from. */
export interface CachedMetadata {
  readonly metadata: SessionMetadata;
  readonly stamp: FileStamp;
}

type Row = readonly [
  metadata: SessionMetadata,
  dev: number,
  ino: number,
  size: number,
  mtimeMs: number,
  ctimeMs: number,
];

/**
 * What an earlier process has remembered of a folder, or nothing. It is as good as what this process
 * remembers itself: each is used only while its file still is in that state.
 */
export async function* loadMetadataCache(folder: string): AsyncGenerator<readonly CachedMetadata[]> {
  const yielder = new Yielder();
  for (const line of linesOf(join(folder, CACHE_FOLDER, FILE))) {
    yield rowsOf(line);
    await yielder.yieldIfDue();
  }
}

/** Whatever is wrong with it: the files themselves say the same. */
function* linesOf(path: string): Generator<Buffer> {
  const bytes = readCache(path);
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LINE_END, start);
    if (end < 0) return;
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}

function readCache(path: string): Buffer {
  try {
    return readWholeFile(path, LONGEST_CACHE) ?? NOTHING;
  } catch {
    return NOTHING;
  }
}

/** Of one line, which begins with its checksum; none when it is not what was written. */
function rowsOf(line: Buffer): CachedMetadata[] {
  const end = line.indexOf(" ");
  const rows = line.subarray(end + 1);
  // A loss of power can leave a part of it, or blanks.
  if (line.toString("latin1", 0, Math.max(0, end)) !== crc32(rows).toString(16)) return [];
  try {
    return (JSON.parse(rows.toString()) as Row[]).map(([metadata, dev, ino, size, mtimeMs, ctimeMs]) => ({
      metadata: deepFreeze(metadata),
      stamp: { dev, ino, size, mtimeMs, ctimeMs },
    }));
  } catch {
    return [];
  }
}

/**
 * Leaves them to later processes, as far as the folder can be written to. Not to version control: it holds
 * for this disk. Names and tags are for the owner only, as the sessions are.
 */
export async function saveMetadataCache(folder: string, cached: Iterable<CachedMetadata>): Promise<void> {
  const cache = join(folder, CACHE_FOLDER);
  const temporary = join(cache, `${FILE}.tmp-${process.pid}-${Math.random().toString(36).slice(2, 10)}`);
  let descriptor: number | undefined;
  try {
    makeFolder(cache);
    for (const name of fs.readdirSync(cache)) if (isOutdated(name)) removeQuietly(join(cache, name));
    keepOutOfVersionControl(cache);
    descriptor = fs.openSync(temporary, "wx", 0o600);
    takeOwnerOfFolder(temporary, descriptor);
    const yielder = new Yielder();
    for (const line of linesFrom(cached)) {
      fs.writeSync(descriptor, line);
      await yielder.yieldIfDue();
    }
    fs.renameSync(temporary, join(cache, FILE));
  } catch {
    removeQuietly(temporary);
  } finally {
    if (descriptor !== undefined) closeFile(descriptor);
  }
}

/** Removes what any version has remembered of a folder. It is written again when it is worth it. */
export function removeMetadataCache(folder: string): void {
  const cache = join(folder, CACHE_FOLDER);
  try {
    for (const name of fs.readdirSync(cache))
      if (name === FILE || isOutdated(name)) removeQuietly(join(cache, name));
  } catch {
    // There is none.
  }
}

/** @throws when something else has that name: a link may lead anywhere. */
function makeFolder(cache: string): void {
  if (!fs.lstatSync(cache, { throwIfNoEntry: false })) {
    fs.mkdirSync(cache, { mode: 0o700 });
    giveFolderAway(cache);
  }
  if (!fs.lstatSync(cache).isDirectory()) throw new Error(`${cache} is no folder`);
}

/** What an earlier version has left, and what a process has left that ended while it wrote. */
function isOutdated(name: string): boolean {
  return OLD_FILES.includes(name) || name.startsWith(`${FILE}.tmp-`);
}

function* linesFrom(cached: Iterable<CachedMetadata>): Generator<Buffer> {
  let rows: Row[] = [];
  for (const { metadata, stamp } of cached) {
    const { dev, ino, size, mtimeMs, ctimeMs } = stamp;
    // Rounded by JSON they would be those of another file.
    if (typeof dev === "bigint" || typeof ino === "bigint") continue;
    rows.push([metadata, dev, ino, size, mtimeMs, ctimeMs]);
    if (rows.length < ROWS_PER_LINE) continue;
    yield lineOf(rows);
    rows = [];
  }
  if (rows.length > 0) yield lineOf(rows);
}

/** In bytes: the checksum of a string takes many times as long. */
function lineOf(rows: readonly Row[]): Buffer {
  const bytes = Buffer.from(JSON.stringify(rows));
  return Buffer.concat([Buffer.from(`${crc32(bytes).toString(16)} `), bytes, Buffer.from("\n")]);
}
