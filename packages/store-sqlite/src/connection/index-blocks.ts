import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";

/** The index has 32 KiB for every 4096 pages: this is that of a WAL of 64 MiB. */
const BYTES = 4 * 32 * 1024;
/** Readers and checkpoints write into the first 136 bytes. */
const FIRST_BYTE = 512;

export interface IndexBlocks {
  /** False where the disk had no room for all. */
  readonly areAllocated: boolean;
  /**
   * Closing any descriptor of the file drops the locks that SQLite has on it in this process: to be called
   * when no connection of this process has the database open any more.
   */
  readonly close: () => void;
}

/**
 * Gives each block of the index of a WAL (`-shm`) its place on the disk, by writing what is there. To be
 * called while this process holds the write lock of the database: nobody else then writes behind the first
 * bytes.
 */
export function allocateIndexBlocks(shm: string): IndexBlocks {
  const descriptor = openSync(shm, "r+");
  return { areAllocated: rewrite(descriptor), close: () => closeSync(descriptor) };
}

function rewrite(descriptor: number): boolean {
  try {
    const bytes = Buffer.alloc(BYTES);
    readSync(descriptor, bytes, 0, Math.min(BYTES, fstatSync(descriptor).size), 0);
    for (let at = FIRST_BYTE; at < BYTES; ) at += writeSync(descriptor, bytes, at, BYTES - at, at);
    return true;
  } catch {
    return false;
  }
}
