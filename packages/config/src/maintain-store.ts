import { type RawCopy, SessionError, type SessionStore } from "@thulp-sessions/core";
import type { Finding, RepairReport } from "@thulp-sessions/store-fs";
import type { IntegrityFinding } from "@thulp-sessions/store-sqlite";
import type { Durability } from "./open-store.ts";
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

/** What moves sessions between two open stores as they stand; `undefined` unless both are `fs:` stores. */
export async function rawCopy(from: SessionStore, to: SessionStore): Promise<RawCopy | undefined> {
  if (!from.location.startsWith("fs:") || !to.location.startsWith("fs:")) return undefined;
  const { FileStore } = await import("@thulp-sessions/store-fs");
  if (!(from instanceof FileStore) || !(to instanceof FileStore)) return undefined;
  return {
    isSame: (id) => from.isSameIn(to, id),
    pass: (id, expectedVersion) => from.passOn(id, to, expectedVersion),
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
