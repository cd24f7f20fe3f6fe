import type { Client } from "./driver.ts";

/**
 * Writes the WAL into the database, so that it begins again in the place that it has on the disk: a full one
 * then has room for a small commit. To be called outside of a transaction.
 *
 * @returns false where a reader is in the way, or the database would have to grow.
 */
export function restartWal(client: Client): boolean {
  try {
    const [result] = client.pragma("wal_checkpoint(RESTART)") as { busy: number }[];
    return result?.busy === 0;
  } catch {
    return false;
  }
}
