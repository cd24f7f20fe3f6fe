import { setImmediate } from "node:timers/promises";
import {
  isSessionError,
  type SessionError,
  type SessionId,
  type SessionMetadata,
  type StoredEntry,
} from "@thulp-sessions/core";
import { type PlacedHit, type Rows, type SearchRequest, scanSearch } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import type { SessionList } from "../query/session-list.ts";
import type { EntryTable } from "../tables/entry-table.ts";
import type { SessionTable } from "../tables/session-table.ts";

const SESSIONS_PER_STEP = 1000;
const ENTRIES_PER_STEP = 500;

/**
 * Search where the index is behind and cannot be brought up to date, since nothing can be written: looks through the sessions
 * themselves, as stores without an index do. It finds the same hits, and takes as long as reading all of it.
 */
export class UnindexedSearch {
  readonly #database: Database;
  readonly #sessions: SessionTable;
  readonly #entries: EntryTable;
  readonly #list: SessionList;
  readonly #onDamaged: (error: SessionError) => void;

  /** @param onDamaged is told of every session that cannot be read to its end. */
  constructor(
    database: Database,
    tables: { readonly sessions: SessionTable; readonly entries: EntryTable; readonly list: SessionList },
    onDamaged: (error: SessionError) => void,
  ) {
    this.#database = database;
    this.#sessions = tables.sessions;
    this.#entries = tables.entries;
    this.#list = tables.list;
    this.#onDamaged = onDamaged;
  }

  async page(request: SearchRequest): Promise<Rows<PlacedHit>> {
    return scanSearch(await this.#newestFirst(request), ({ id }) => this.#entriesOf(id), request);
  }

  async #newestFirst({ filter }: SearchRequest): Promise<SessionMetadata[]> {
    const order = { filter, orderBy: "updatedAt", direction: "desc", limit: SESSIONS_PER_STEP } as const;
    const all: SessionMetadata[] = [];
    for (let hasMore = true; hasMore; ) {
      const last = all.at(-1);
      const after = last ? { time: last.updatedAt, id: last.id } : null;
      const page = await this.#database.read(() => this.#list.page({ ...order, after }));
      all.push(...page.items);
      hasMore = page.hasMore;
    }
    return all;
  }

  /** Those before the damage, if there is any. */
  async *#entriesOf(id: SessionId): AsyncGenerator<StoredEntry> {
    const order = {
      before: Number.MAX_SAFE_INTEGER,
      types: null,
      direction: "asc",
      limit: ENTRIES_PER_STEP,
    } as const;
    try {
      for (let after = -1, hasMore = true; hasMore; ) {
        // Others get their turn.
        await setImmediate();
        const page = await this.#database.read(() => {
          const found = this.#sessions.locate(id);
          return found && this.#entries.page(found.key, id, { ...order, after });
        }, id);
        // Deleted meanwhile.
        if (!page) return;
        yield* page.items;
        after = page.items.at(-1)?.seq ?? after;
        hasMore = page.hasMore;
      }
    } catch (error) {
      if (!isSessionError(error, "corrupt")) throw error;
      this.#onDamaged(error);
    }
  }
}
