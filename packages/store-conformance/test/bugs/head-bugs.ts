import type { ListedHead, SessionHead, SessionMetadata, SessionPage } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { HeadRows, ListRequest, ParsedListQuery } from "@thulp-sessions/core/store";
import { type PlantedBug, plantedBug } from "./planted-bug.ts";

export const headBugs: readonly PlantedBug[] = [
  plantedBug(
    "heads do not look at the filter",
    ["heads-of-a-list"],
    class extends MemoryStore {
      protected override doListHeads(request: ListRequest): Promise<HeadRows> {
        return super.doListHeads({ ...request, filter: {} });
      }
    },
  ),

  plantedBug(
    "heads are those of an earlier page",
    ["heads-follow"],
    class extends MemoryStore {
      readonly #heads = new Map<string, ListedHead | null>();

      protected override async doListedHead(metadata: SessionMetadata): Promise<ListedHead | null> {
        const head = this.#heads.get(metadata.id) ?? (await super.doListedHead(metadata));
        this.#heads.set(metadata.id, head);
        return head;
      }
    },
  ),

  plantedBug(
    "the context is left out of a head in a list",
    ["heads-of-a-list", "heads-follow"],
    class extends MemoryStore {
      protected override async doListedHead(metadata: SessionMetadata): Promise<ListedHead | null> {
        const head = await super.doListedHead(metadata);
        return head && { ...(head as SessionHead), context: {} };
      }
    },
  ),

  plantedBug(
    "a page of large contexts does not end",
    ["heads-of-large-contexts"],
    class extends MemoryStore {
      protected override async doListHeads(request: ListRequest): Promise<HeadRows> {
        const rows = await this.doList(request);
        const items = await Promise.all(rows.items.map(({ id }) => this.doHead(id)));
        const tail = items.at(-1)?.metadata;
        return {
          items,
          hasMore: rows.hasMore,
          last: tail ? { time: tail[request.orderBy], id: tail.id } : null,
        };
      }
    },
  ),

  plantedBug(
    "a page that ended early is the last",
    ["heads-of-large-contexts"],
    class extends MemoryStore {
      protected override async doListHeads(request: ListRequest): Promise<HeadRows> {
        const rows = await super.doListHeads(request);
        return { ...rows, hasMore: rows.items.length === request.limit && rows.hasMore };
      }
    },
  ),

  plantedBug(
    "a page of large metadata does not end",
    ["list-of-large-metadata"],
    class extends MemoryStore {
      protected override async doSessionPage(query: ParsedListQuery): Promise<SessionPage> {
        const page = await super.doSessionPage(query);
        if (page.nextCursor === null || page.items.length === query.limit) return page;
        const rest = await super.doSessionPage({ ...query, cursor: page.nextCursor });
        return { ...rest, items: [...page.items, ...rest.items] };
      }
    },
  ),

  plantedBug(
    "whatever is given for heads asks for them",
    ["heads-hostile"],
    class extends MemoryStore {
      override list(query: object = {}): Promise<never> {
        const heads = "heads" in query && query.heads !== undefined;
        return super.list(heads ? { ...query, heads: true } : query) as Promise<never>;
      }
    },
  ),
];
