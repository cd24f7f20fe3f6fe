import { join } from "node:path";
import type { SessionEntry, SessionFilter, SessionStore } from "@thulp-sessions/core";
import { sessionOf } from "../../harness/data.ts";
import { type Keeper, type OpenKeeper, textOfEntry } from "./adapter.ts";

export async function loadFs(): Promise<OpenKeeper> {
  const { openFileStore } = await import("@thulp-sessions/store-fs");
  return async (folder, promised) => {
    const durability = promised === "durable" ? "full" : "relaxed";
    const store = await openFileStore({ dir: join(folder, "sessions"), durability });
    return keeperOf(store, `durability ${durability}`);
  };
}

export async function loadSqlite(): Promise<OpenKeeper> {
  const { openSqliteStore } = await import("@thulp-sessions/store-sqlite");
  return async (folder, promised) => {
    const durability = promised === "durable" ? "full" : "relaxed";
    const synchronous = durability === "full" ? "FULL" : "NORMAL";
    const store = await openSqliteStore({ file: join(folder, "sessions.db"), durability });
    return keeperOf(store, `durability ${durability}: WAL, synchronous=${synchronous}`);
  };
}

export async function loadMemory(): Promise<OpenKeeper> {
  const { MemoryStore } = await import("@thulp-sessions/core/memory");
  return async () => keeperOf(new MemoryStore(), "in memory");
}

function keeperOf(store: SessionStore, settings: string): Keeper {
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
