import { join } from "node:path";
import type { SessionEntry, SessionFilter, SessionStore } from "@thulp-sessions/core";
import { sessionOf } from "../../harness/data.ts";
import { type Adapter, type OpenAdapter, textOfEntry } from "./adapter.ts";

export async function loadFs(): Promise<OpenAdapter> {
  const { openFileStore } = await import("@thulp-sessions/store-fs");
  return async (folder, wanted) => {
    const durability = wanted === "durable" ? "full" : "relaxed";
    const store = await openFileStore({ dir: join(folder, "sessions"), durability });
    return adapterOf(store, `durability ${durability}`);
  };
}

export async function loadSqlite(): Promise<OpenAdapter> {
  const { openSqliteStore } = await import("@thulp-sessions/store-sqlite");
  return async (folder, wanted) => {
    const durability = wanted === "durable" ? "full" : "relaxed";
    const synchronous = durability === "full" ? "FULL" : "NORMAL";
    const store = await openSqliteStore({ file: join(folder, "sessions.db"), durability });
    return adapterOf(store, `durability ${durability}: WAL, synchronous=${synchronous}`);
  };
}

export async function loadMemory(): Promise<OpenAdapter> {
  const { MemoryStore } = await import("@thulp-sessions/core/memory");
  return async () => adapterOf(new MemoryStore(), "in memory");
}

function adapterOf(store: SessionStore, settings: string): Adapter {
  let time = 1_800_000_000_000;
  const list = async (filter: SessionFilter, limit: number) => (await store.list({ filter, limit })).items;
  return {
    async make(sessions) {
      const made = sessions.map(({ id, entries, marked, updatedAt }) =>
        store.create(
          sessionOf(id, { entries, tags: marked ? ["marked"] : [], createdAt: updatedAt, updatedAt }),
        ),
      );
      await Promise.all(made);
    },
    async append(id, entry) {
      await store.append(id, [entry], { at: time++ });
    },
    load: async (id) => (await store.get(id)).entries,
    last: async (id, count) => (await store.readEntries(id, { last: count })).items,
    textOf: (entry) => textOfEntry(entry as SessionEntry),
    list: (limit) => list({}, limit),
    listMarked: (limit) => list({ tag: "marked" }, limit),
    search: async (text, limit) => (await store.search({ text, limit })).items,
    settings: async () => settings,
    close: () => store.close(),
  };
}
