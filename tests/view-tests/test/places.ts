import { join } from "node:path";
import { createClient } from "@thulp-sessions/client";
import { openStore } from "@thulp-sessions/config";
import { SessionManager, type SessionStore, type SessionViews } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { startServerProgram, tempFolder } from "@thulp-sessions/testing";
import { startPostgres } from "@thulp-sessions/testing-postgres";

/** Where sessions are written, and who is asked for the views of them. */
export interface Place {
  readonly store: SessionStore;
  readonly views: Pick<SessionViews, keyof SessionViews>;
  close(): Promise<void>;
}

class NotSearchable extends MemoryStore {
  override readonly capabilities = {
    ...{ persistent: false, shared: false, exactNumbers: false, writable: true },
    searchable: false,
  };
}

async function ofStore(store: SessionStore): Promise<Place> {
  return { store, views: new SessionManager(store).views, close: () => store.close() };
}

/** The procedures of a server, as the views of a manager. */
function viewsOfServer(url: string): Place["views"] {
  const { entries, sessions } = createClient({ url });
  return {
    rows: (query) => sessions.list.query({ include: [], ...(query as object) }),
    facets: (query) => sessions.facets.query(query as never),
    resolve: (prefix, options) => sessions.resolve.query({ prefix, ...options }),
    tree: (id, query) => sessions.tree.query({ id, ...query }),
    scores: (query) => sessions.scores.query(query as never),
    entryPage: (id, query) => entries.list.query({ id, ...(query as object) }),
    entry: (id, seq) => entries.get.query({ id, seq }),
    part: (id, query) => entries.part.query({ id, ...query }),
    outline: (id, options) => entries.outline.query({ id, ...options }),
    turns: (id, query) => entries.turns.query({ id, ...query }),
    findEntries: (id, query) => entries.search.query({ id, ...(query as object) }),
  };
}

/** Every store, and a server that is asked by a client and by a manager over the store of that server. */
export const PLACES: Readonly<Record<string, () => Promise<Place | string>>> = {
  memory: () => ofStore(new MemoryStore()),
  "a store that does not search": () => ofStore(new NotSearchable()),
  fs: async () => ofStore(await openStore(`fs:${join(tempFolder(), "sessions")}`)),
  sqlite: async () => ofStore(await openStore(`sqlite:${join(tempFolder(), "sessions.db")}`)),
  "remote store": async () => ofStore(await openStore((await sqliteServer()).url)),
  server: async () => {
    const { url } = await sqliteServer();
    const store = await openStore(url);
    return { store, views: viewsOfServer(url), close: () => store.close() };
  },
  postgres: async () => {
    const server = await startPostgres({ settings: { fsync: "off" } });
    if (typeof server === "string") return server;
    const store = await openStore(server.url);
    const close = async () => {
      await store.close();
      await server.close();
    };
    return { ...(await ofStore(store)), close };
  },
};

function sqliteServer() {
  return startServerProgram(["--store", `sqlite:${join(tempFolder(), "sessions.db")}`]);
}
