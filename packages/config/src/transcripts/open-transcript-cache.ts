import { join } from "node:path";
import { isSessionError, type SessionStore, type WarningListener } from "@thulp-sessions/core";
import type { TranscriptCache } from "@thulp-sessions/transcripts/store";
import { cacheFolder } from "../user-folders.ts";
import { CacheFiles } from "./cache-files.ts";

/** What was read of transcripts: the store that has it, and what lies beside it where that is on the disk. */
export interface OpenedCache {
  readonly inner: SessionStore;
  readonly cache: TranscriptCache | undefined;
}

/**
 * Opens the cache of these contents, in the user's own cache folder, or makes it: where it is damaged, or of
 * another version, it is made again. Where none can be, it is in memory, and a warning says so.
 *
 * @throws {SessionError} busy
 */
export async function openTranscriptCache(
  contents: unknown,
  onWarning: WarningListener | undefined,
): Promise<OpenedCache> {
  const files = new CacheFiles(join(cacheFolder(), "thulp-sessions"), contents);
  try {
    files.prepare();
    return { inner: await openDatabase(files), cache: files };
  } catch (error) {
    if (isSessionError(error, "busy")) throw error;
    const message = `What was read of the histories cannot be kept in ${files.folder}, so that each time all are read: ${(error as Error).message}`;
    onWarning?.({ code: "io", path: files.folder, message });
    const { MemoryStore } = await import("@thulp-sessions/core/memory");
    return { inner: new MemoryStore(), cache: undefined };
  }
}

async function openDatabase(files: CacheFiles): Promise<SessionStore> {
  if (!files.isDamaged) {
    try {
      return await openOnce(files);
    } catch (error) {
      if (!isUseless(error)) throw error;
    }
  }
  // One process makes it again; the others then find it.
  return files.exclusively(async () => {
    if (files.isDamaged) files.discard();
    try {
      return await openOnce(files);
    } catch (error) {
      if (!isUseless(error)) throw error;
      files.discard();
      return openOnce(files);
    }
  });
}

/** Is it damaged, of another version, or no database of ours? */
function isUseless(error: unknown): boolean {
  return isSessionError(error, "corrupt") || isSessionError(error, "unsupported");
}

async function openOnce({ database: file }: CacheFiles): Promise<SessionStore> {
  const { openSqliteStore } = await import("@thulp-sessions/store-sqlite");
  const store = await openSqliteStore({ file, durability: "relaxed", indexLater: true });
  if (store.capabilities.writable) return store;
  await store.close();
  throw new Error(`${file} may only be read.`);
}
