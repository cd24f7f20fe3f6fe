import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import type { SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { startPostgres } from "@thulp-sessions/testing-postgres";

/** A place of its own for one test. */
export interface StorePlace {
  /** For a process of its own; `null` for what only this process has. */
  readonly url: string | null;
  /** A handle on the place, the same one where it can have only one. */
  open(): Promise<SessionStore>;
  /** Closes the handles and removes the place. */
  dispose(): Promise<void>;
}

/** One kind of store. */
export interface StoreKind {
  readonly name: string;
  /** Why it cannot be tested here; say it in the name of what is skipped. */
  readonly missing: string | null;
  place(): Promise<StorePlace>;
}

/** The stores that every machine has: memory, SQLite, files, and a server over SQLite. */
export const LOCAL_KINDS: readonly StoreKind[] = [
  { name: "memory", missing: null, place: memoryPlace },
  {
    name: "sqlite",
    missing: null,
    place: async () => folderPlace((folder) => `sqlite:${folder}/sessions.db`),
  },
  { name: "fs", missing: null, place: async () => folderPlace((folder) => `fs:${folder}/sessions`) },
  { name: "remote", missing: null, place: remotePlace },
];

/**
 * PostgreSQL, with a server that ends with this process. In CI it has to be there.
 *
 * @throws {Error} in CI where there is none.
 */
export async function postgresKind(): Promise<StoreKind> {
  const given = process.env["THULP_TEST_POSTGRES"];
  const server = given ?? (await startPostgres({ settings: { fsync: "off" } }));
  const name = "postgres";
  if (typeof server === "string" && server !== given) {
    // What is skipped on somebody's machine has to run somewhere.
    if (process.env["CI"] !== undefined) throw new Error(`In CI nothing is skipped: ${server}.`);
    return { name, missing: server, place: () => Promise.reject(new Error(server)) };
  }
  const base = typeof server === "string" ? server : server.url;
  let count = 0;
  return {
    name,
    missing: null,
    place: async () => {
      const schema = `adapter${process.pid}_${Date.now().toString(36)}_${count++}`;
      return handlesOf(`${base}?schema=${schema}`, () => {});
    },
  };
}

async function memoryPlace(): Promise<StorePlace> {
  const store = new MemoryStore();
  return { url: null, open: async () => store, dispose: () => store.close() };
}

async function folderPlace(urlOf: (folder: string) => string): Promise<StorePlace> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "thulp-test-")));
  return handlesOf(urlOf(folder), () => rmSync(folder, { recursive: true, force: true }));
}

async function remotePlace(): Promise<StorePlace> {
  const behind = await folderPlace((folder) => `sqlite:${folder}/sessions.db`);
  const server = await startServer({ store: await behind.open(), port: 0 });
  return handlesOf(server.url, async () => {
    await server.stop(1000);
    await behind.dispose();
  });
}

function handlesOf(url: string, remove: () => void | Promise<void>): StorePlace {
  const handles: SessionStore[] = [];
  return {
    url,
    open: async () => {
      const store = await openStore(url, { durability: "relaxed" });
      handles.push(store);
      return store;
    },
    dispose: async () => {
      for (const each of handles) await each.close();
      await remove();
    },
  };
}
