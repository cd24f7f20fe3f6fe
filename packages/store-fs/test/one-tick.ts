import fs from "node:fs";
import { vi } from "vitest";

/**
 * A file system whose clock stands still, as it does between two of its ticks: every file has the same times,
 * but for those that somebody has set on purpose. Until `vi.restoreAllMocks`.
 *
 * @param reuseInodes every file has the number of every other, as a new one may get the number of one that
 * was removed.
 */
export function withinOneTick(reuseInodes: boolean): { touch: (path: string) => void } {
  const now = Date.now();
  const tickNs = BigInt(now) * 1_000_000n;
  vi.spyOn(Date, "now").mockReturnValue(now);
  const marked = new Map<bigint, bigint>();
  const inodeOf = (descriptor: number) => realFstat(descriptor, { bigint: true }).ino;
  const { fstatSync: realFstat, lstatSync: realLstat, futimesSync: realFutimes, writeSync: realWrite } = fs;
  const still = <T extends fs.Stats | fs.BigIntStats | undefined>(stat: T, inode: bigint): T => {
    if (stat === undefined) return stat;
    const modified = marked.get(inode) ?? tickNs;
    const times =
      "mtimeNs" in stat
        ? { mtimeNs: modified, ctimeNs: tickNs, ino: reuseInodes ? 1n : stat.ino }
        : { mtimeMs: Number(modified) / 1e6, ctimeMs: now, ino: reuseInodes ? 1 : stat.ino };
    return Object.assign(Object.create(Object.getPrototypeOf(stat)), stat, times);
  };
  vi.spyOn(fs, "fstatSync").mockImplementation(((descriptor: number, options: fs.StatOptions) =>
    still(realFstat(descriptor, options), inodeOf(descriptor))) as never);
  vi.spyOn(fs, "lstatSync").mockImplementation(((path: string, options: fs.StatSyncOptions) =>
    still(
      realLstat(path, options),
      realLstat(path, { bigint: true, throwIfNoEntry: false })?.ino ?? 0n,
    )) as never);
  vi.spyOn(fs, "futimesSync").mockImplementation((descriptor, accessed, modified) => {
    marked.set(inodeOf(descriptor), BigInt(Math.round(Number(modified) * 1e6)) * 1_000n);
    realFutimes(descriptor, accessed, modified);
  });
  // What is written has the time of the tick again.
  vi.spyOn(fs, "writeSync").mockImplementation(((descriptor: number, ...rest: [Buffer]) => {
    marked.delete(inodeOf(descriptor));
    return realWrite(descriptor, ...rest);
  }) as never);
  return {
    touch: (path) => void marked.delete(realLstat(path, { bigint: true }).ino),
  };
}
