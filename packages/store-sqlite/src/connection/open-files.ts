import { type BigIntStats, statSync } from "node:fs";

/**
 * The database files that this process has open, by device and inode. Closing any descriptor of such a file
 * drops all locks that SQLite holds on it in this process (POSIX). Another process could then take itself for
 * the last one and remove the WAL that is still written to here. So only SQLite may open a file that is in
 * this list.
 */
const openCounts = new Map<string, number>();
/** What was done once for such a file, and is to be ended when SQLite has closed its last connection. */
const shared = new Map<string, Closable>();

interface Closable {
  readonly close: () => void;
}

/** False for a file that does not exist. */
export function isOpen(file: string): boolean {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats !== undefined && openCounts.has(keyOf(stats));
}

export interface Claim {
  /** The file that was claimed. */
  readonly inode: bigint;
  /** To be called after SQLite has closed it. */
  readonly release: () => void;
  /**
   * What `begin` returns, which is called once for a file that this process has open; it is closed after
   * SQLite has closed the last connection to it.
   */
  readonly once: <T extends Closable>(begin: () => T) => T;
}

/** To be called as soon as the file exists, before SQLite opens it. */
export function registerOpen(file: string): Claim {
  const stats = statSync(file, { bigint: true });
  const key = keyOf(stats);
  openCounts.set(key, (openCounts.get(key) ?? 0) + 1);
  let isReleased = false;
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    const others = (openCounts.get(key) ?? 1) - 1;
    if (others > 0) openCounts.set(key, others);
    else {
      openCounts.delete(key);
      shared.get(key)?.close();
      shared.delete(key);
    }
  };
  const once = <T extends Closable>(begin: () => T): T => {
    const begun = (shared.get(key) as T | undefined) ?? begin();
    shared.set(key, begun);
    return begun;
  };
  return { inode: stats.ino, release, once };
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
