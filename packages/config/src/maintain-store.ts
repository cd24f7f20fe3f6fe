import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type RawCopy, SessionError, type SessionStore } from "@thulp-sessions/core";
import type { Durability } from "@thulp-sessions/core/store";
import type { Finding, RepairReport } from "@thulp-sessions/store-fs";
import type { IntegrityFinding, RecoveryReport } from "@thulp-sessions/store-sqlite";
import { parseStoreUrl } from "./store-url.ts";

/**
 * Looks at every file of an `fs:` store, and changes nothing; `null` for a store that does not consist of files.
 *
 * @throws {SessionError} invalid_input for a URL that names no store; io when a file cannot be read.
 */
export async function inspectFiles(url: string, cwd: string): Promise<Finding[] | null> {
  const location = parseStoreUrl(url, cwd);
  if (location.kind !== "fs") return null;
  const { inspectStore } = await import("@thulp-sessions/store-fs");
  return inspectStore(location.dir);
}

/**
 * Looks at everything in the database of a `sqlite:` store, and changes nothing; `null` for a store that is none.
 *
 * @throws {SessionError} invalid_input for a URL that names no store; as `openSqliteStore`, corrupt for a file so damaged that
 *   it cannot be opened.
 */
export async function checkDatabase(url: string, cwd: string): Promise<readonly IntegrityFinding[] | null> {
  const location = parseStoreUrl(url, cwd);
  if (location.kind !== "sqlite") return null;
  const { openSqliteStore } = await import("@thulp-sessions/store-sqlite");
  const store = await openSqliteStore({ file: location.file });
  try {
    return await store.checkIntegrity();
  } finally {
    await store.close();
  }
}

export interface DatabaseBackup {
  readonly sessions: number;
  readonly bytes: number;
  /** What is wrong in the copy, as it is in the original. */
  readonly findings: readonly IntegrityFinding[];
}

/**
 * Copies the database of a `sqlite:` store as it is at one moment, while others use it, and then looks at everything in the copy;
 * `null` unless both URLs are of that kind.
 *
 * @param options.signal ends it, with nothing left of it.
 * @throws {SessionError} invalid_input when there is such a file already; else as `SqliteStore.backup`. @throws the reason of the
 *   signal.
 */
export async function backUpDatabase(
  url: string,
  to: string,
  options: { readonly cwd: string; readonly signal?: AbortSignal | undefined },
): Promise<DatabaseBackup | null> {
  const { cwd, signal } = options;
  const [from, target] = [parseStoreUrl(url, cwd), parseStoreUrl(to, cwd)];
  if (from.kind !== "sqlite" || target.kind !== "sqlite") return null;
  const { openSqliteStore } = await import("@thulp-sessions/store-sqlite");
  await mkdir(dirname(target.file), { recursive: true, mode: 0o700 });
  const store = await openSqliteStore({ file: from.file });
  try {
    await store.backup(target.file, { onProgress: () => signal?.throwIfAborted() });
  } finally {
    await store.close();
  }
  const copy = await openSqliteStore({ file: target.file });
  try {
    const findings = await copy.checkIntegrity();
    return { sessions: await copy.count(), bytes: (await stat(target.file)).size, findings };
  } finally {
    await copy.close();
  }
}

/**
 * Writes what can be read of a damaged `sqlite:` store into a new one, and only reads the damaged one; `null` unless both URLs
 * are of that kind.
 *
 * @throws {SessionError} as `recoverSqliteFile` of store-sqlite.
 */
export async function recoverDatabase(url: string, to: string, cwd: string): Promise<RecoveryReport | null> {
  const [from, target] = [parseStoreUrl(url, cwd), parseStoreUrl(to, cwd)];
  if (from.kind !== "sqlite" || target.kind !== "sqlite") return null;
  const { recoverSqliteFile } = await import("@thulp-sessions/store-sqlite");
  await mkdir(dirname(target.file), { recursive: true, mode: 0o700 });
  return recoverSqliteFile({ from: from.file, to: target.file });
}

/** What moves sessions between two open stores as they stand; `undefined` unless both are `fs:` stores. */
export async function rawCopy(from: SessionStore, to: SessionStore): Promise<RawCopy | undefined> {
  if (from.kind !== "fs" || to.kind !== "fs") return undefined;
  const { FileStore } = await import("@thulp-sessions/store-fs");
  if (!(from instanceof FileStore) || !(to instanceof FileStore)) return undefined;
  return {
    isSame: (id) => from.isSameIn(to, id),
    copy: (id, expectedVersion) => from.copyRaw(id, to, expectedVersion),
  };
}

/**
 * Recovers what is whole in a damaged session of an `fs:` store; `null` when it is not damaged.
 *
 * @throws {SessionError} unsupported for any other store; else as `repairFile` of store-fs.
 */
export async function repairSession(
  url: string,
  id: string,
  options: { readonly cwd: string; readonly durability?: Durability | undefined },
): Promise<RepairReport | null> {
  const location = parseStoreUrl(url, options.cwd);
  if (location.kind !== "fs") {
    throw new SessionError(
      "unsupported",
      `Only sessions of an fs: store can be repaired one by one, not those of ${url}.`,
    );
  }
  const { repairFile } = await import("@thulp-sessions/store-fs");
  return repairFile(location.dir, id, { durability: options.durability });
}
