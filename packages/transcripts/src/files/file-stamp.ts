import type { BigIntStats } from "node:fs";

const NS_PER_MS = 1_000_000n;

/** What tells one state of a file from another without reading it. */
export function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}

/** When the file was changed, in milliseconds since the epoch. */
export function modifiedAt({ mtimeNs }: BigIntStats): number {
  return mtimeNs < 0n ? 0 : Number(mtimeNs / NS_PER_MS);
}

/** Whether the time in a stamp shows that the file system counts in less than milliseconds. */
export function hasFineTime(stamp: string): boolean {
  const [, , , mtimeNs = ""] = stamp.split(" ");
  return mtimeNs.length > 6 && !mtimeNs.endsWith("000000");
}
