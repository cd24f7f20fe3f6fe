import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { FileLeft, VacuumReport } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { retryWhileBusy } from "../connection/retry-busy.ts";
import { sessionErrorOf } from "../connection/sqlite-errors.ts";
import { emptyWal } from "../connection/wal-size.ts";
import type { SearchIndex } from "../search/search-index.ts";

/**
 * See `SqliteStore.vacuum`. No transaction of this process is open here: each ends in the turn in which it
 * began.
 */
export async function vacuum(database: Database, searchIndex: SearchIndex): Promise<VacuumReport> {
  const { client, file, busyTimeoutMs } = database;
  const size = (): number =>
    Number(client.pragma("page_count", { simple: true })) *
    Number(client.pragma("page_size", { simple: true }));
  try {
    const before = await retryWhileBusy(file, busyTimeoutMs, size);
    // VACUUM copies the index as it is, with the words of deleted rows.
    await retryWhileBusy(file, busyTimeoutMs, () => searchIndex.merges.optimize());
    await retryWhileBusy(file, busyTimeoutMs, () => client.exec("VACUUM"));
    // VACUUM wrote the new database into the WAL.
    const isWalEmpty = await emptyWal(database);
    return { bytesFreed: before - size(), left: [...walLeft(file, isWalEmpty), ...copiesOf(file)] };
  } catch (error) {
    throw sessionErrorOf(error, file);
  }
}

function walLeft(file: string, isWalEmpty: boolean): readonly FileLeft[] {
  if (isWalEmpty) return [];
  const reason = "another program reads an older state; end what it does, and vacuum again";
  return [file, `${file}-wal`].map((path) => ({ path, reason }));
}

/** What may stand beside a database because this package has made it; only people remove it. */
const COPIES: readonly (readonly [ending: RegExp, reason: string])[] = [
  [/^\.schema-\d+-\d+$/, "a copy from before a newer version changed the tables; remove it by hand"],
  [/^\.before-restore-\d+(-wal|-journal)?$/, "what was here before a restore; remove it by hand"],
  [/\.tmp-\d+(-[0-9a-f]+)?(-wal|-shm|-journal)?$/, "being written now, or left by a program that was killed"],
];

function copiesOf(file: string): FileLeft[] {
  const [folder, name] = [dirname(file), basename(file)];
  return readdirSync(folder).flatMap((other) => {
    if (!other.startsWith(`${name}.`)) return [];
    const [, reason] = COPIES.find(([ending]) => ending.test(other.slice(name.length))) ?? [];
    return reason === undefined ? [] : [{ path: join(folder, other), reason }];
  });
}
