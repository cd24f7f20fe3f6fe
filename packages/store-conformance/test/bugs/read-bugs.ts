import {
  type EntriesQuery,
  isSessionError,
  type ListQuery,
  SessionError,
  type SessionId,
  type SessionMetadata,
  type StoredEntry,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { EntriesRequest, ListRequest } from "@thulp-sessions/core/store";
import { type PlantedBug, plantedBug } from "./planted-bug.ts";

// Longer than most files: one planted bug after the other, all of reading.

export const readBugs: readonly PlantedBug[] = [
  plantedBug(
    "pages of the list are in another order",
    ["list-order", "list-follows-changes", "model-walk-1", "model-walk-2", "model-walk-3", "model-walk-4"],
    class extends MemoryStore {
      protected override async doList(request: ListRequest) {
        const { items, hasMore } = await super.doList(request);
        return { items: items.toReversed(), hasMore };
      }
    },
  ),

  plantedBug(
    "ties are always ordered by id ascending",
    ["list-order", "list-ties-updated-desc", "list-ties-created-desc"],
    class extends MemoryStore {
      protected override async doList(request: ListRequest) {
        const all = await super.doList({ ...request, limit: Number.MAX_SAFE_INTEGER, after: null });
        const { orderBy, direction, after, limit } = request;
        const sign = direction === "asc" ? 1 : -1;
        const compare = (a: { time: number; id: string }, b: { time: number; id: string }) =>
          sign * (a.time - b.time) || (a.id < b.id ? -1 : 1);
        const place = (metadata: SessionMetadata) => ({ time: metadata[orderBy], id: metadata.id });
        const rows = all.items
          .toSorted((a, b) => compare(place(a), place(b)))
          .filter((row) => after === null || (row.id !== after.id && compare(place(row), after) > 0));
        return { items: rows.slice(0, limit), hasMore: rows.length > limit };
      }
    },
  ),

  plantedBug(
    "a page continues after the time of the last, ties are lost",
    ["list-ties-updated-desc", "list-ties-updated-asc", "list-ties-created-asc", "list-order"],
    class extends MemoryStore {
      protected override async doList(request: ListRequest) {
        const { items, hasMore } = await super.doList({ ...request, limit: 10_000 });
        const { after, orderBy, limit } = request;
        const rest = items.filter((metadata) => metadata[orderBy] !== after?.time);
        return { items: rest.slice(0, limit), hasMore: hasMore || rest.length > limit };
      }
    },
  ),

  plantedBug(
    "the pages behind the first are those of the moment of the first",
    ["list-pages-follow-this-handle"],
    class extends MemoryStore {
      #snapshot: readonly SessionMetadata[] = [];

      protected override async doList(request: ListRequest) {
        const { after, limit, orderBy, direction } = request;
        if (after === null)
          this.#snapshot = (await super.doList({ ...request, limit: Number.MAX_SAFE_INTEGER })).items;
        const sign = direction === "asc" ? 1 : -1;
        const rows = this.#snapshot.filter(
          (row) => after === null || sign * (row[orderBy] - after.time || (row.id < after.id ? -1 : 1)) > 0,
        );
        const rest = rows.filter(({ id }) => id !== after?.id);
        return { items: rest.slice(0, limit), hasMore: rest.length > limit };
      }
    },
  ),

  plantedBug(
    "pages of the list go by number",
    ["list-ties-updated-desc", "list-ties-created-asc", "list-cursor-outlives-row"],
    class extends MemoryStore {
      readonly #given = new Map<string, number>();

      protected override async doList(request: ListRequest) {
        const { after, limit } = request;
        const from = after === null ? 0 : (this.#given.get(after.id) ?? 0);
        const { items } = await super.doList({ ...request, limit: 100_000, after: null });
        const page = items.slice(from, from + limit);
        const tail = page.at(-1);
        if (tail) this.#given.set(tail.id, from + page.length);
        return { items: page, hasMore: items.length > from + limit };
      }
    },
  ),

  plantedBug(
    "a full last page of the list promises one more",
    ["list-limit"],
    class extends MemoryStore {
      protected override async doList(request: ListRequest) {
        const { items } = await super.doList(request);
        return { items, hasMore: items.length === request.limit };
      }
    },
  ),

  plantedBug(
    "a full last page of entries promises one more",
    ["read-limit"],
    class extends MemoryStore {
      protected override async doReadEntries(id: SessionId, request: EntriesRequest) {
        const { items, epoch } = await super.doReadEntries(id, request);
        return { items, epoch, hasMore: items.length === request.limit };
      }
    },
  ),

  plantedBug(
    "a cursor of another list is taken",
    ["list-foreign-cursor"],
    class extends MemoryStore {
      override async list(query: ListQuery = {}): Promise<never> {
        try {
          return (await super.list(query)) as never;
        } catch (error) {
          if (query.cursor === undefined || !isSessionError(error, "invalid_input")) throw error;
          return super.list({ ...query, cursor: undefined }) as never;
        }
      }
    },
  ),

  plantedBug(
    "a cursor of other entries is taken",
    ["read-foreign-cursor"],
    class extends MemoryStore {
      override async readEntries(id: string, query: EntriesQuery = {}) {
        try {
          return await super.readEntries(id, query);
        } catch (error) {
          if (query.cursor === undefined || !isSessionError(error, "invalid_input")) throw error;
          return super.readEntries(id, { ...query, cursor: undefined });
        }
      }
    },
  ),

  plantedBug(
    "each next page of entries skips one",
    ["read-pages-asc", "read-pages-desc", "read-queries", "append-large-batch"],
    class extends MemoryStore {
      override async readEntries(id: string, query: EntriesQuery = {}) {
        const page = await super.readEntries(id, query);
        return query.cursor === undefined ? page : { ...page, items: page.items.slice(1) };
      }
    },
  ),

  plantedBug(
    "after is not strict",
    ["read-queries"],
    class extends MemoryStore {
      override async readEntries(id: string, query: EntriesQuery = {}) {
        return super.readEntries(
          id,
          query.after === undefined ? query : { ...query, after: query.after - 1 },
        );
      }
    },
  ),

  plantedBug(
    "no types are all types",
    ["read-queries"],
    class extends MemoryStore {
      protected override async doReadEntries(id: SessionId, request: EntriesRequest) {
        const types = request.types?.length === 0 ? null : request.types;
        return super.doReadEntries(id, { ...request, types });
      }
    },
  ),

  plantedBug(
    "the last entries come backwards",
    ["read-last", "read-queries"],
    class extends MemoryStore {
      override async readEntries(id: string, query: EntriesQuery = {}) {
        const page = await super.readEntries(id, query);
        return query.last === undefined ? page : { ...page, items: page.items.toReversed() };
      }
    },
  ),

  plantedBug(
    "the seqs of get begin at one",
    ["create-get", "append-order", "value-json"],
    class extends MemoryStore {
      protected override async doGet(id: SessionId) {
        const session = await super.doGet(id);
        return { ...session, entries: session.entries.map((entry) => ({ ...entry, seq: entry.seq + 1 })) };
      }
    },
  ),

  plantedBug(
    "the list is stale after an append",
    ["list-follows-changes"],
    class extends MemoryStore {
      readonly #seen = new Map<string, SessionMetadata>();

      protected override async doList(request: ListRequest) {
        const { items, hasMore } = await super.doList(request);
        const stale = items.map((item) => {
          const seen = this.#seen.get(item.id);
          if (seen?.name === item.name) return seen;
          this.#seen.set(item.id, item);
          return item;
        });
        return { items: stale, hasMore };
      }
    },
  ),

  plantedBug(
    "a page of large entries does not end",
    ["read-large"],
    class extends MemoryStore {
      protected override async doReadEntries(id: SessionId, request: EntriesRequest) {
        const items: StoredEntry[] = [];
        let { after, before } = request;
        for (;;) {
          const limit = request.limit - items.length;
          const page = await super.doReadEntries(id, {
            ...request,
            after,
            before,
            limit: Math.max(limit, 1),
          });
          const { epoch } = page;
          if (limit === 0) return { items, epoch, hasMore: true };
          items.push(...page.items);
          const tail = page.items.at(-1);
          if (!page.hasMore || !tail) return { items, epoch, hasMore: page.hasMore };
          if (request.direction === "asc") after = tail.seq;
          else before = tail.seq;
        }
      }
    },
  ),

  plantedBug(
    "an empty store has no list",
    ["call-empty-store"],
    class extends MemoryStore {
      override async list(query: ListQuery = {}): Promise<never> {
        const page = await super.list(query);
        if (page.items.length === 0 && query.cursor === undefined)
          throw new SessionError("not_found", "There are no sessions.");
        return page as never;
      }
    },
  ),

  plantedBug(
    "a session without entries has no page",
    ["read-empty"],
    class extends MemoryStore {
      override async readEntries(id: string, query: EntriesQuery = {}) {
        const page = await super.readEntries(id, query);
        if (page.items.length === 0 && query.last)
          throw new SessionError("not_found", "There are no entries.");
        return page;
      }
    },
  ),

  plantedBug(
    "the direction of entries is ignored",
    ["read-order", "read-queries", "read-pages-desc"],
    class extends MemoryStore {
      override async readEntries(id: string, query: EntriesQuery = {}) {
        const { direction: _, ...rest } = query;
        return super.readEntries(id, rest);
      }
    },
  ),

  plantedBug(
    "a cursor is good for one limit only",
    ["read-changing-limit", "list-changing-limit"],
    class extends MemoryStore {
      readonly #limits = new Map<string, number | undefined>();

      override async readEntries(id: string, query: EntriesQuery = {}) {
        this.#check(query);
        const page = await super.readEntries(id, query);
        if (page.nextCursor !== null) this.#limits.set(page.nextCursor, query.limit);
        return page;
      }

      override async list(query: ListQuery = {}): Promise<never> {
        this.#check(query);
        const page = await super.list(query);
        if (page.nextCursor !== null) this.#limits.set(page.nextCursor, query.limit);
        return page as never;
      }

      #check({ cursor, limit }: { cursor?: string | undefined; limit?: number | undefined }): void {
        if (cursor !== undefined && this.#limits.get(cursor) !== limit)
          throw new SessionError("invalid_input", "The cursor belongs to another query.");
      }
    },
  ),
];
