import type { SessionStore, WarningListener } from "@thulp-sessions/core";
import type { Durability } from "@thulp-sessions/core/store";
import { parseStoreUrl, type StoreLocation } from "./store-url.ts";

export type { Durability };

export interface OpenStoreOptions {
  /** For `sqlite:` and `fs:`; `full` when absent. A remote store is as durable as its server was told to be. */
  readonly durability?: Durability | undefined;
  /** For `http:` and `https:`: sent as a bearer token, to this URL only. */
  readonly token?: string | undefined;
  /** What relative paths are relative to; the current directory when absent. */
  readonly cwd?: string | undefined;
  /** For writing very much at once: `sqlite:` leaves the index for search to the next search. */
  readonly bulk?: boolean | undefined;
  /** Hears of what should be known but fails no call, e.g. of a session whose file cannot be read. */
  readonly onWarning?: WarningListener | undefined;
}

/**
 * Opens the store that a URL names: `sqlite:PATH`, `fs:PATH`, `memory:`, `http://HOST:PORT`. Only the module of that
 * store is loaded.
 *
 * @throws {SessionError} invalid_input for a URL that names none; io, busy or unsupported when it cannot be opened.
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<SessionStore> {
  return openLocation(parseStoreUrl(url, options.cwd ?? process.cwd()), options);
}

async function openLocation(location: StoreLocation, options: OpenStoreOptions): Promise<SessionStore> {
  const { durability = "full", token, bulk = false, onWarning } = options;
  switch (location.kind) {
    case "sqlite": {
      const { openSqliteStore } = await import("@thulp-sessions/store-sqlite");
      return openSqliteStore({ file: location.file, durability, indexLater: bulk, onWarning });
    }
    case "fs": {
      const { openFileStore } = await import("@thulp-sessions/store-fs");
      return openFileStore({ dir: location.dir, durability, onWarning });
    }
    case "memory": {
      const { MemoryStore } = await import("@thulp-sessions/core/memory");
      const store = new MemoryStore();
      if (onWarning) store.warnings.listen(onWarning);
      return store;
    }
    case "remote": {
      const { openRemoteStore } = await import("@thulp-sessions/client");
      return openRemoteStore({ url: location.url, token, onWarning });
    }
  }
}
