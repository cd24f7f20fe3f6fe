// Longer than most files: a mistake for each clause of search.
import {
  isSessionError,
  type SearchHit,
  type SearchQuery,
  type SessionId,
  type StoreCapabilities,
  type StoredEntry,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { contentStrings, type PlacedHit, type Rows, type SearchRequest } from "@thulp-sessions/core/store";
import { ForeignError, type PlantedBug, plantedBug } from "./planted-bug.ts";

/** A store that changes each hit it finds. */
function changingHits(change: (hit: PlacedHit) => PlacedHit) {
  return class extends MemoryStore {
    protected override async doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
      const { items, hasMore } = await super.doSearch(request);
      return { items: items.map(change), hasMore };
    }
  };
}

/** A store that searches for something else than it is asked for. */
function changingSearch(change: (request: SearchRequest) => SearchRequest) {
  return class extends MemoryStore {
    protected override async doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
      return super.doSearch(change(request));
    }
  };
}

/** A store that leaves out hits by what the hit entry holds; a name is always a hit. */
function droppingHits(keep: (entry: StoredEntry) => boolean) {
  return class extends MemoryStore {
    override async search(query: SearchQuery) {
      const { items, nextCursor } = await super.search(query);
      const kept: SearchHit[] = [];
      for (const hit of items) {
        const { entries } = await this.get(hit.sessionId);
        const entry = hit.seq === null ? undefined : entries[hit.seq];
        if (!entry || keep(entry)) kept.push(hit);
      }
      return { items: kept, nextCursor };
    }
  };
}

export const searchBugs: readonly PlantedBug[] = [
  plantedBug(
    "a store that says that it does not search finds something",
    ["search-offered"],
    class extends MemoryStore {
      readonly #own = { persistent: false, shared: false, exactNumbers: false, writable: true };
      override capabilities: StoreCapabilities = { ...this.#own, searchable: false };
      override async search(query: SearchQuery) {
        const said = this.capabilities;
        this.capabilities = this.#own;
        return super.search(query).finally(() => {
          this.capabilities = said;
        });
      }
    },
  ),

  plantedBug(
    "a phrase is any of its words in any order",
    ["search-phrases", "search-without-spaces", "search-code", "search-generated"],
    changingSearch((request) => ({
      ...request,
      terms: request.terms.flatMap(({ words, prefix }) =>
        words.map((word, i) => ({ words: [word], prefix: prefix && i === words.length - 1 })),
      ),
    })),
  ),

  plantedBug(
    "prefixes are whole words",
    ["search-prefix", "search-generated", "search-code"],
    changingSearch((request) => ({
      ...request,
      terms: request.terms.map((term) => ({ ...term, prefix: false })),
    })),
  ),

  plantedBug(
    "one of the words is enough",
    ["search-words"],
    changingSearch((request) => ({ ...request, terms: request.terms.slice(0, 1) })),
  ),

  plantedBug(
    "names are not searched",
    ["search-names", "search-follows", "search-order"],
    changingSearch((request) => ({ ...request, includeNames: false })),
  ),

  plantedBug(
    "names are searched where entries are asked for",
    ["search-restricted"],
    changingSearch((request) => ({ ...request, includeNames: true })),
  ),

  plantedBug(
    "the bounds of time do not bound a search",
    ["search-restricted"],
    changingSearch((request) => ({ ...request, timeAfter: -1, timeBefore: Number.POSITIVE_INFINITY })),
  ),

  plantedBug(
    "the filter of a search is ignored",
    ["search-filter"],
    changingSearch((request) => ({ ...request, filter: {} })),
  ),

  plantedBug(
    "offsets are one too far",
    ["search-snippets", "search-names", "search-generated"],
    changingHits((hit) => ({
      ...hit,
      offsets: hit.offsets.map(([start, end]) => [start + 1, end + 1] as const),
    })),
  ),

  plantedBug(
    "a snippet is cut without a sign",
    ["search-snippets"],
    changingHits((hit) => ({ ...hit, snippet: hit.snippet.replace(/^…|…$/g, "") })),
  ),

  plantedBug(
    "the next page of hits begins with the next session",
    ["search-pages", "search-restricted"],
    changingSearch((request) =>
      request.after ? { ...request, after: { ...request.after, seq: Number.MAX_SAFE_INTEGER } } : request,
    ),
  ),

  plantedBug(
    "hits come oldest first",
    ["search-order"],
    class extends MemoryStore {
      override async search(query: SearchQuery) {
        const page = await super.search(query);
        return { ...page, items: page.items.toReversed() };
      }
    },
  ),

  plantedBug(
    "ranking drops the weakest hits",
    ["search-rank"],
    class extends MemoryStore {
      protected override async doSearch(request: SearchRequest) {
        const { items, hasMore } = await super.doSearch(request);
        return { items: request.order === "rank" ? items.slice(0, 10) : items, hasMore };
      }
    },
  ),

  plantedBug(
    "the text of a search is a language that can be wrong",
    ["search-hostile-texts"],
    class extends MemoryStore {
      override async search(query: SearchQuery) {
        if (/^\s*(AND|OR|NOT)\b/.test(query?.text ?? ""))
          throw new ForeignError('fts5: syntax error near "AND"');
        return super.search(query);
      }
    },
  ),

  plantedBug(
    "a cursor of another search is taken",
    ["search-foreign-cursor"],
    class extends MemoryStore {
      override async search(query: SearchQuery) {
        try {
          return await super.search(query);
        } catch (error) {
          if (query?.cursor === undefined || !isSessionError(error, "invalid_input")) throw error;
          const { cursor: _, ...rest } = query;
          return super.search(rest);
        }
      }
    },
  ),

  plantedBug(
    "a search is stale after a truncate",
    ["search-follows"],
    class extends MemoryStore {
      readonly #index = new MemoryStore();

      protected override async doCreate(...args: Parameters<MemoryStore["create"]>) {
        await this.#index.create(...args);
        return super.doCreate(...args);
      }

      protected override async doAppend(...[id, entries, options]: Parameters<MemoryStore["append"]>) {
        await this.#index.append(id, entries, { at: options.at });
        return super.doAppend(id as SessionId, entries, options);
      }

      protected override async doUpdate(...[id, change, options]: Parameters<MemoryStore["update"]>) {
        await this.#index.update(id, change, { at: options.at });
        return super.doUpdate(id as SessionId, change, options);
      }

      override async search(query: SearchQuery) {
        return this.#index.search(query);
      }
    },
  ),

  plantedBug(
    "a search minds the case",
    ["search-case-and-diacritics", "search-code", "search-names"],
    class extends MemoryStore {
      override async search(query: SearchQuery) {
        const page = await super.search(query);
        const word = query.text.split(/[^\p{L}\p{N}]/u)[0] ?? "";
        return { ...page, items: page.items.filter(({ snippet }) => snippet.includes(word)) };
      }
    },
  ),

  plantedBug(
    "only the first level of a content is searched",
    ["search-contents"],
    droppingHits(
      ({ content }) =>
        typeof content === "string" ||
        contentStrings(content).every((text) => Object.values(content ?? {}).includes(text)),
    ),
  ),

  plantedBug(
    "only the first 100,000 characters are searched",
    ["search-large"],
    droppingHits(({ content }) => JSON.stringify(content).length <= 100_000),
  ),

  plantedBug(
    "the words of all of an entry are searched",
    ["search-bounds"],
    class extends MemoryStore {
      override async search(query: SearchQuery) {
        const page = await super.search(query);
        const items = [...page.items];
        for (const { id } of (await super.list()).items)
          for (const { seq, content } of (await super.readEntries(id)).items)
            if (
              JSON.stringify(content)
                .slice(2 ** 19)
                .includes(` ${query.text}`)
            )
              items.push({ sessionId: id, seq, snippet: query.text, offsets: [[0, query.text.length]] });
        return { ...page, items };
      }
    },
  ),

  plantedBug(
    "only the first 100,000 words are searched",
    ["search-bounds", "search-large"],
    droppingHits(({ content }) => contentStrings(content).join(" ").split(" ").length <= 100_000),
  ),

  plantedBug(
    "tags are searched too",
    ["search-types-are-no-text"],
    class extends MemoryStore {
      override async search(query: SearchQuery) {
        const page = await super.search(query);
        const tagged = await super.list({ filter: { tag: query.text.toWellFormed() } });
        const hits = tagged.items.map(({ id, name }) => ({
          sessionId: id,
          seq: null,
          snippet: name,
          offsets: [],
        }));
        return { ...page, items: [...hits, ...page.items] };
      }
    },
  ),

  plantedBug(
    "pages of hits go by number",
    ["search-pages-meanwhile"],
    class extends MemoryStore {
      readonly #given = new Map<string, number>();

      protected override async doSearch(request: SearchRequest) {
        const { after, limit } = request;
        const from = after === null ? 0 : (this.#given.get(`${after.id} ${after.seq}`) ?? 0);
        const { items } = await super.doSearch({ ...request, after: null, limit: 100_000 });
        const page = items.slice(from, from + limit);
        const tail = page.at(-1);
        if (tail) this.#given.set(`${tail.sessionId} ${tail.seq ?? -1}`, from + page.length);
        return { items: page, hasMore: items.length > from + limit };
      }
    },
  ),
];
