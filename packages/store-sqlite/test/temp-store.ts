import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from "../src/index.ts";

/** A folder of its own for one test, removed after it. */
export async function tempFolder(): Promise<string> {
  // Without the symbolic link that the folder for temporary files is on macOS.
  const folder = await mkdtemp(join(await realpath(tmpdir()), "store-sqlite-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A store on a new file, closed after the test. */
export async function tempStore(options: Partial<SqliteStoreOptions> = {}): Promise<SqliteStore> {
  return openAt(join(await tempFolder(), "sessions.db"), options);
}

/** A store on that file, closed after the test. */
export async function openAt(file: string, options: Partial<SqliteStoreOptions> = {}): Promise<SqliteStore> {
  const store = await openSqliteStore({ file, durability: "relaxed", ...options });
  onTestFinished(() => store.close());
  return store;
}
