import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isSessionError } from "@thulp-sessions/core";
import type { BackupReport, StoreFinding, WholeStoreMaintenance } from "@thulp-sessions/core/store";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { recoverSqliteFile } from "./recover-file.ts";
import type { SqliteStore } from "./sqlite-store.ts";

/**
 * What maintains a database file. All of its findings are `damaged`; a file that cannot be opened for its
 * damage is one finding. Folders of new files are made, for their owner only.
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
    vacuum: () => withStore(place, (store) => store.vacuum()),
  };
}

async function check(file: string): Promise<readonly StoreFinding[]> {
  try {
    return await withStore(file, (store) => store.checkIntegrity());
  } catch (error) {
    if (!isSessionError(error, "corrupt")) throw error;
    return [{ kind: "damaged", path: file, reason: error.message }];
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
