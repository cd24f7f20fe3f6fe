import { statSync } from "node:fs";

/**
 * The database files that this process has open, by device and inode. To close any descriptor of such a file drops all
 * locks that SQLite holds on it in this process (POSIX): another process may then take itself for the last one, and remove
 * the log that is written to here. So a file that is held is never opened but by SQLite.
 */
const held = new Map<string, number>();

export function isHeld(file: string): boolean {
  return held.has(keyOf(file));
}

/** Call it as soon as the file is there, before SQLite opens it; what it gives, after SQLite has closed it. */
export function hold(file: string): () => void {
  const key = keyOf(file);
  held.set(key, (held.get(key) ?? 0) + 1);
  let released = false;
  return () => {
    if (released) return;
    released = true;
    const others = (held.get(key) ?? 1) - 1;
    if (others > 0) held.set(key, others);
    else held.delete(key);
  };
}

function keyOf(file: string): string {
  const { dev, ino } = statSync(file, { bigint: true });
  return `${dev}:${ino}`;
}
