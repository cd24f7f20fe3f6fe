import type { Database } from "../connection/database.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";

/** See `SqliteStore.vacuum`. Between two calls of the event loop no transaction is open, which VACUUM needs. */
export async function vacuum(database: Database): Promise<{ readonly bytesFreed: number }> {
  const { client, file, busyTimeoutMs } = database;
  const size = (): number =>
    Number(client.pragma("page_count", { simple: true })) *
    Number(client.pragma("page_size", { simple: true }));
  try {
    const before = await retryWhileBusy(file, busyTimeoutMs, size);
    await retryWhileBusy(file, busyTimeoutMs, () => client.exec("VACUUM"));
    // It went through the log.
    client.pragma("wal_checkpoint(TRUNCATE)");
    return { bytesFreed: before - size() };
  } catch (error) {
    throw sessionErrorOf(error, file);
  }
}
