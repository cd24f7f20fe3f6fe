import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { sizeOf } from "./database-file.ts";

// The index of the WAL (`-shm`) is memory that is mapped from a file. Where a page of it needs room on a full
// disk, the system has nobody to tell: it ends the process (SIGBUS). SQLite writes a byte into each 4 KiB of
// the file before it maps them, which makes room for all of it only where blocks are at least as large, and
// where what was written once is written in place from then on.
//
// file system        kind     why
// blocks below 4 KiB sparse   only the last block of each 4 KiB has room (ext4 and XFS made so)
// btrfs, bcachefs,   copying  every write goes to a new place
// F2FS, ZFS
// overlay, FUSE      copying  what is below cannot be seen

/** `private`: it is in the memory of this process alone. */
export type WalIndex = "safe" | "sparse" | "copying" | "private";

const COPYING = new Set([0x9123683e, 0xca451a4e, 0xf2f52010, 0x2fc12fc1, 0x794c7630, 0x65735546]);
const PAGE_BYTES = 4096;
/** More than a small commit and its part of the index need. */
const LEAST_BYTES = 512 * 1024;

/** Of the file system that holds a file. */
export function walIndexKindOf(file: string): WalIndex {
  if (process.platform !== "linux") return "safe";
  const { type, bsize } = statfsSync(dirname(file));
  // Some systems give the type as a number with a sign.
  if (COPYING.has(type >>> 0)) return "copying";
  return bsize < PAGE_BYTES ? "sparse" : "safe";
}

/** Whether the index of the WAL has room to be made, or to be written to. */
export function hasIndexRoom(file: string): boolean {
  const { bsize, bfree, bavail } = statfsSync(dirname(file));
  const blocks = process.getuid?.() === 0 ? bfree : bavail;
  // 32 KiB of index for every 4096 pages.
  return blocks * bsize >= LEAST_BYTES + sizeOf(`${file}-wal`) / 256;
}

export function noIndexRoom(file: string): SessionError {
  return new SessionError(
    "io",
    `${file}: the disk is full. Nothing of this call was kept; reads go on. Make room, and try again.`,
    { details: { path: file } },
  );
}
