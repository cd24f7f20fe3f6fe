import type { StoreWarning } from "@thulp-sessions/core";
import { placeWarning } from "./connection/mounts.ts";
import { checkOptions, type SqliteStoreOptions } from "./connection/options.ts";
import { openDatabase } from "./open/open.ts";
import { indexRemade } from "./search/damaged-index.ts";
import { SqliteStore } from "./sqlite-store.ts";

/**
 * Opens a database file, creates it where it is missing, and brings its tables up to date. Any number of
 * stores, in any number of processes on one machine, may have the same file open.
 *
 * @throws {TypeError} when an option has the wrong type.
 * @throws {SessionError} invalid_input for a name that cannot be that of a database file; unsupported for a
 *   file that is no database, or that of another program or of a newer version (it is left as it is), and
 *   where better-sqlite3 cannot be loaded; corrupt, busy, io.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const checked = checkOptions(options);
  const database = await openDatabase(checked);
  try {
    // Preparing statements reads the tables.
    const store = await database.read(() => new SqliteStore(database, checked.indexLater));
    if (checked.onWarning) store.warnings.listen(checked.onWarning);
    const { file, indexProblem, walIndex, reading } = database;
    const place = placeWarning(file);
    if (place) store.warnings.emit(place);
    if (reading?.isCopy) store.warnings.emit(readFromCopy(file));
    if (walIndex === "private") store.warnings.emit(openedAlone(file));
    if (indexProblem !== null) store.warnings.emit(indexRemade(file, indexProblem));
    return store;
  } catch (error) {
    database.close();
    throw error;
  }
}

function readFromCopy(file: string): StoreWarning {
  return {
    code: "unsupported",
    message:
      `${file}: SQLite cannot read it where it is without writing to it or beside it, so it is read from a private copy of it and its ` +
      "log, which goes when it is closed. What other programs write meanwhile is not seen.",
    path: file,
  };
}

function openedAlone(file: string): StoreWarning {
  return {
    code: "io",
    message:
      `${file}: the disk is full. Reads go on, for this process alone: other programs get busy until it is closed. Make room, ` +
      "and open it again.",
    path: file,
  };
}
