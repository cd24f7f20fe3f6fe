import type { SessionStore } from "@thulp-sessions/core";
import { Database } from "../src/connection/database.ts";
import { parsePostgresUrl } from "../src/connection/postgres-url.ts";
import { DeferredIndex } from "../src/maintenance/deferred-index.ts";

/** For what stores do in the background, step by step. To be closed. */
export function databaseAt(url: string): Database {
  return new Database(parsePostgresUrl(url), { durability: "relaxed", retryForMs: 0, warn: () => {} });
}

/** As a program with `search=off` does: the times of all sessions are listed, and no words made. */
export async function settle(database: Database): Promise<void> {
  const index = new DeferredIndex(database);
  while (!(await index.settleRound()).isDone);
}

/**
 * Writes and reads by one store, and searches by another one over the same place.
 *
 * @param beforeSearch called before each search. @param afterClose called when both are closed.
 */
export function searchedBy(
  writer: SessionStore,
  searching: SessionStore,
  beforeSearch: () => Promise<void>,
  afterClose: () => Promise<void>,
): SessionStore {
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= Promise.all([writer.close(), searching.close()]).then(afterClose);
    return closing;
  };
  const own: Partial<SessionStore> = {
    capabilities: searching.capabilities,
    async search(query) {
      await beforeSearch();
      return searching.search(query);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return new Proxy(writer, {
    get(_, name) {
      const value = own[name as keyof SessionStore] ?? writer[name as keyof SessionStore];
      // Of the store itself, which has private fields.
      return typeof value === "function" ? value.bind(writer) : value;
    },
  });
}
