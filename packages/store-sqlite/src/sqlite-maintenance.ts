import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isSessionError, SessionError } from "@thulp-sessions/core";
import {
  type BackupReport,
  OPENED_READ_ONLY,
  type StoreFinding,
  type WholeStoreMaintenance,
} from "@thulp-sessions/core/store";
import { whyReadOnly } from "./connection/access.ts";
import { createFolders, withPath } from "./connection/database-file.ts";
import { checkOptions } from "./connection/options.ts";
import { checkIntegrity } from "./maintenance/integrity.ts";
import { restore } from "./maintenance/restore.ts";
import { openDatabase } from "./open/open.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { recoverSqliteFile } from "./recover-file.ts";
import { SCHEMA_FIELD } from "./schema/compare-schema.ts";
import type { SqliteStore } from "./sqlite-store.ts";

interface MaintenanceOptions {
  readonly file: string;
  /** Refuses what would change the file; false when absent. */
  readonly readOnly?: boolean | undefined;
}

/**
 * What maintains a database file. Its findings are `damaged`, or `foreign_schema` where something in the file
 * is not ours; a file that cannot be opened for either is one finding. Folders of new files are made, for
 * their owner only.
 */
export function sqliteMaintenance({ file, readOnly = false }: MaintenanceOptions): WholeStoreMaintenance {
  const place = resolve(file);
  const refuse = () => {
    const reason = readOnly ? OPENED_READ_ONLY : whyReadOnly(place);
    if (reason !== null) throw readOnlyPlace(place, reason);
  };
  return {
    kind: "sqlite",
    unit: "store",
    place,
    check: () => check(place, readOnly),
    async recover(to) {
      makeFolderOf(to);
      return recoverSqliteFile({ from: place, to, readOnly });
    },
    async backup(to, { signal } = {}) {
      makeFolderOf(to);
      await withStore(place, readOnly, (store) =>
        store.backup(to, { onProgress: () => signal?.throwIfAborted() }),
      );
      return withStore(to, false, (copy) => reportOf(copy, to));
    },
    async restore(from) {
      refuse();
      makeFolderOf(place);
      return restore(place, from);
    },
    async vacuum() {
      refuse();
      return withStore(place, false, (store) => store.vacuum());
    },
  };
}

async function check(file: string, readOnly: boolean): Promise<readonly StoreFinding[]> {
  try {
    const database = await openDatabase({ ...checkOptions({ file, readOnly }), leavesIndex: true });
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

function readOnlyPlace(file: string, reason: string): SessionError {
  return new SessionError("unsupported", `${file} may only be read: ${reason}. Nothing was changed.`, {
    details: { path: file },
  });
}

async function reportOf(copy: SqliteStore, file: string): Promise<BackupReport> {
  const findings = await copy.checkIntegrity();
  return { sessions: await copy.count(), bytes: (await stat(file)).size, findings };
}

async function withStore<T>(
  file: string,
  readOnly: boolean,
  work: (store: SqliteStore) => Promise<T>,
): Promise<T> {
  const store = await openSqliteStore({ file, readOnly });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function makeFolderOf(file: string): void {
  withPath(file, () => createFolders(dirname(resolve(file))));
}
