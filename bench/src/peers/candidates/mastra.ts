import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SessionEntry } from "@thulp-sessions/core";
import { loadPeer } from "../../harness/peer-packages.ts";
import { type Adapter, type OpenAdapter, textOfEntry } from "./adapter.ts";
import { type Asks, durableSettings } from "./postgres-settings.ts";

interface Message {
  readonly content: { readonly parts: readonly { readonly text: string }[] };
}
interface MemoryDomain {
  saveThread(given: { thread: object }): Promise<unknown>;
  saveMessages(given: { messages: readonly object[] }): Promise<unknown>;
  listMessages(given: object): Promise<{ readonly messages: readonly Message[] }>;
  listThreads(given: object): Promise<{ readonly threads: readonly unknown[] }>;
}
interface Client {
  execute(sql: string): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
  close(): void;
}
interface Store {
  init(): Promise<void>;
  getStore(name: "memory"): Promise<MemoryDomain>;
  close(): Promise<void>;
}
interface PostgresStore extends Store {
  readonly pool: Asks;
}
type NewPostgresStore = new (config: { id: string; connectionString: string }) => PostgresStore;
type NewStore = new (config: { id: string } & ({ url: string } | { client: Client })) => Store;

/**
 * The memory of Mastra on `LibSQLStore`. Its own settings are WAL and NORMAL; durable, it gets a client with
 * FULL.
 */
export async function loadMastra(): Promise<OpenAdapter> {
  const { LibSQLStore } = await loadPeer<{ LibSQLStore: NewStore }>("mastra");
  const { createClient } = await loadPeer<{ createClient(config: { url: string }): Client }>("libsql");
  return async (folder, durability): Promise<Adapter> => {
    const url = pathToFileURL(join(folder, "mastra.db")).href;
    let client: Client | undefined;
    if (durability === "durable") {
      client = createClient({ url });
      await client.execute("PRAGMA journal_mode=WAL");
      await client.execute("PRAGMA synchronous=FULL");
    }
    const store = new LibSQLStore(client ? { id: "bench", client } : { id: "bench", url });
    await store.init();
    const memory = await store.getStore("memory");
    return adapterOf(memory, {
      isThreadFirst: false,
      async settings() {
        // Of the connection itself where it is ours; otherwise as its source sets it.
        if (!client) return "its own: WAL, synchronous=NORMAL";
        const [mode] = (await client.execute("PRAGMA journal_mode")).rows;
        const [sync] = (await client.execute("PRAGMA synchronous")).rows;
        return `${String(mode?.["journal_mode"]).toUpperCase()}, synchronous=${Number(sync?.["synchronous"]) === 2 ? "FULL" : "not FULL"}`;
      },
      close: () => store.close(),
    });
  };
}

/** The same on `PostgresStore`, with its own pool, and the settings of the server. */
export async function loadMastraPostgres(): Promise<OpenAdapter> {
  const { PostgresStore } = await loadPeer<{ PostgresStore: NewPostgresStore }>("mastraPostgres");
  return async (connectionString): Promise<Adapter> => {
    const store = new PostgresStore({ id: "bench", connectionString });
    await store.init();
    return adapterOf(await store.getStore("memory"), {
      // It refuses messages of a thread that is not there.
      isThreadFirst: true,
      settings: () => durableSettings(store.pool),
      close: () => store.close(),
    });
  };
}

interface Rest extends Pick<Adapter, "settings" | "close"> {
  /** Else the messages come first, which would move the time of the thread. */
  readonly isThreadFirst: boolean;
}

function adapterOf(memory: MemoryDomain, { isThreadFirst, settings, close }: Rest): Adapter {
  const resourceId = "bench";
  const message = (threadId: string, entry: SessionEntry) => ({
    id: entry.id,
    threadId,
    resourceId,
    role: "user",
    type: "v2",
    createdAt: new Date(),
    content: { format: 2, parts: [{ type: "text", text: textOfEntry(entry) }] },
  });
  const newest = { field: "updatedAt", direction: "DESC" };
  return {
    async make(sessions) {
      for (const { id, entries, marked, updatedAt } of sessions) {
        const at = new Date(updatedAt);
        const saveThread = () =>
          memory.saveThread({
            thread: { id, resourceId, title: "Session", createdAt: at, updatedAt: at, metadata: { marked } },
          });
        if (isThreadFirst) await saveThread();
        if (entries.length > 0)
          await memory.saveMessages({ messages: entries.map((each) => message(id, each)) });
        if (!isThreadFirst) await saveThread();
      }
    },
    append: async (id, entry) => void (await memory.saveMessages({ messages: [message(id, entry)] })),
    load: async (threadId) => (await memory.listMessages({ threadId, perPage: false })).messages,
    async last(threadId, perPage) {
      const orderBy = { field: "createdAt", direction: "DESC" };
      return (await memory.listMessages({ threadId, perPage, page: 0, orderBy })).messages;
    },
    textOf: (entry) => (entry as Message).content.parts[0]?.text ?? "",
    list: async (perPage) => (await memory.listThreads({ perPage, page: 0, orderBy: newest })).threads,
    listMarked: async (perPage) =>
      (
        await memory.listThreads({
          perPage,
          page: 0,
          orderBy: newest,
          filter: { metadata: { marked: true } },
        })
      ).threads,
    settings,
    close,
  };
}
