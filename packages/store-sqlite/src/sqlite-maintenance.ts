import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isSessionError } from "@thulp-sessions/core";
import type { BackupReport, StoreFinding, WholeStoreMaintenance } from "@thulp-sessions/core/store";
import { checkOptions } from "./connection/options.ts";
import { checkIntegrity } from "./maintenance/integrity.ts";
import { restore } from "./maintenance/restore.ts";
import { openDatabase } from "./open/open.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { recoverSqliteFile } from "./recover-file.ts";
import { SCHEMA_FIELD } from "./schema/compare-schema.ts";
import type { SqliteStore } from "./sqlite-store.ts";

/**
 * What maintains a database file. Its findings are `damaged`, or `foreign_schema` where something in the file
 * is not ours; a file that cannot be opened for either is one finding. Folders of new files are made, for
 * their owner only.
 */
export function sqliteMaintenance({ file }: { readonly file: string }): WholeStoreMaintenance {
  const place = resolve(file);
  return {
    kind: "sqlite",
    unit: "store",
    place,
    check: () => check(place),
    async recover(to) {
      await makeFolderOf(to);
      return recoverSqliteFile({ from: place, to });
    },
    async backup(to, { signal } = {}) {
      await makeFolderOf(to);
      await withStore(place, (store) => store.backup(to, { onProgress: () => signal?.throwIfAborted() }));
      return withStore(to, (copy) => reportOf(copy, to));
    },
    async restore(from) {
      await makeFolderOf(place);
      return restore(place, from);
    },
    vacuum: () => withStore(place, (store) => store.vacuum()),
  };
}

async function check(file: string): Promise<readonly StoreFinding[]> {
  try {
    const database = await openDatabase({ ...checkOptions({ file }), leavesIndex: true });
    try {
      return await checkIntegrity(database, database.indexProblem);
    } finally {
      database.close();
    }
  } catch (error) {
    if (isSessionError(error, "corrupt")) return [{ kind: "damaged", path: file, reason: error.message }];
    if (isSessionError(error, "unsupported") && error.details.field === SCHEMA_FIELD)
      return [{ kind: "foreign_schema", path: file, reason: error.message }];
    throw error;
  }
}

async function reportOf(copy: SqliteStore, file: string): Promise<BackupReport> {
  const findings = await copy.checkIntegrity();
  return { sessions: await copy.count(), bytes: (await stat(file)).size, findings };
}

async function withStore<T>(file: string, work: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = await openSqliteStore({ file });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function makeFolderOf(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
}
