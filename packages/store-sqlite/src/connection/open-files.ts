import { statSync } from "node:fs";

/**
 * The database files that this process has open, by device and inode. Closing any descriptor of such a file
 * drops all locks that SQLite holds on it in this process (POSIX). Another process could then take itself for
 * the last one and remove the WAL that is still written to here. So only SQLite may open a file that is in
 * this list.
 */
const openCounts = new Map<string, number>();

export function isOpen(file: string): boolean {
  return openCounts.has(keyOf(file));
}

/**
 * To be called as soon as the file exists, before SQLite opens it.
 *
 * @returns to be called after SQLite has closed it.
 */
export function registerOpen(file: string): () => void {
  const key = keyOf(file);
  openCounts.set(key, (openCounts.get(key) ?? 0) + 1);
  let isReleased = false;
  return () => {
    if (isReleased) return;
    isReleased = true;
    const others = (openCounts.get(key) ?? 1) - 1;
    if (others > 0) openCounts.set(key, others);
    else openCounts.delete(key);
  };
}

function keyOf(file: string): string {
  const { dev, ino } = statSync(file, { bigint: true });
  return `${dev}:${ino}`;
}
