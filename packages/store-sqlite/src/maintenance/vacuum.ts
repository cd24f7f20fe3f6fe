import type { Database } from "../connection/database.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";

/**
 * See `SqliteStore.vacuum`. No transaction of this process is open here: each ends in the turn in which it
 * began.
 */
export async function vacuum(database: Database): Promise<{ readonly bytesFreed: number }> {
  const { client, file, busyTimeoutMs } = database;
  const size = (): number =>
    Number(client.pragma("page_count", { simple: true })) *
    Number(client.pragma("page_size", { simple: true }));
  try {
    const before = await retryWhileBusy(file, busyTimeoutMs, size);
    await retryWhileBusy(file, busyTimeoutMs, () => client.exec("VACUUM"));
    // VACUUM wrote the new database into the WAL.
    client.pragma("wal_checkpoint(TRUNCATE)");
    return { bytesFreed: before - size() };
  } catch (error) {
    throw sessionErrorOf(error, file);
  }
}
