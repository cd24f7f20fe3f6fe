import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { openFileStore } from "@thulp-sessions/store-fs";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import { onTestFinished } from "vitest";

/** An empty folder that is gone after the test. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "thulp-transcripts-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The kinds of stores that every import is tried on. */
export const STORES: Readonly<Record<string, () => Promise<SessionStore>>> = {
  memory: async () => new MemoryStore(),
  fs: () => openFileStore({ dir: tempFolder() }),
  sqlite: () => openSqliteStore({ file: join(tempFolder(), "sessions.db") }),
};

/** A store in memory that is closed after the test. */
export async function openStore(kind = "memory"): Promise<SessionStore> {
  const store = await (STORES[kind] as () => Promise<SessionStore>)();
  onTestFinished(() => store.close());
  return store;
}
