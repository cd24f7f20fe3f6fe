import {
  type ListRequest,
  matchesFilter,
  type SessionMetadata,
  type SessionRows,
} from "@thulp-sessions/core";
import { LazySort } from "./lazy-sort.ts";
import type { SessionList } from "./session-list.ts";

// A walk over all pages of a list looks at every file once, at its first page, and at each session once more when it is
// given. The alternatives were measured (docs/file-format.md, "Lists"): a look at every file for every page is quadratic;
// the events of the system save the look, but a write of another process may be read before its event; a journal of
// heads beside the files is a second truth that has to be looked after.

/** How long the order of a walk is kept after its last page, in ms. A later page looks at every file again. */
const KEPT_MS = 60_000;

/** How many sessions the walks hold together. The least recently used walk goes first. */
const MOST_HELD = 2_000_000;

interface Walk {
  readonly order: LazySort<SessionMetadata>;
  readonly size: number;
  expires: NodeJS.Timeout;
}

/** The lists that are being paged through. */
export class ListWalks {
  readonly #list: SessionList;
  /** The least recently used first. */
  readonly #walks = new Map<string, Walk>();
  #held = 0;
  #last = 0;
  /** Tells the walks of this store from those of others, to which the cursor of a caller may belong. */
  readonly #prefix = Math.random().toString(36).slice(2, 10);

  constructor(list: SessionList) {
    this.#list = list;
  }

  async page(request: ListRequest): Promise<SessionRows> {
    const walk = request.walk === undefined ? undefined : this.#resume(request.walk);
    if (walk && request.walk !== undefined)
      return { ...this.#nextPage(walk.order, request), walk: request.walk };
    const found = (await this.#list.scan()).filter(
      (metadata) => matchesFilter(request.filter, metadata) && isBehind(request, metadata),
    );
    const { length } = found;
    const order = new LazySort(found, (a, b) => compare(request, a, b.id, b[request.orderBy]));
    const page = firstPage(order, request.limit);
    return page.hasMore ? { ...page, walk: this.#keep(order, length) } : page;
  }

  close(): void {
    for (const name of [...this.#walks.keys()]) this.#drop(name);
  }

  #resume(name: string): Walk | undefined {
    const walk = this.#walks.get(name);
    if (!walk) return undefined;
    this.#walks.delete(name);
    this.#walks.set(name, walk);
    walk.expires.refresh();
    return walk;
  }

  #keep(order: LazySort<SessionMetadata>, size: number): string {
    const name = `${this.#prefix}-${++this.#last}`;
    const expires = setTimeout(() => this.#drop(name), KEPT_MS);
    expires.unref();
    this.#walks.set(name, { order, size, expires });
    this.#held += size;
    for (const oldest of this.#walks.keys()) {
      if (this.#held <= MOST_HELD || oldest === name) break;
      this.#drop(oldest);
    }
    return name;
  }

  #drop(name: string): void {
    const walk = this.#walks.get(name);
    if (!walk) return;
    clearTimeout(walk.expires);
    this.#walks.delete(name);
    this.#held -= walk.size;
  }

  /** Each session is looked at once more: what has changed since the walk began is given as it is now, or not at all. */
  #nextPage(order: LazySort<SessionMetadata>, request: ListRequest): SessionRows {
    let { after } = request;
    let place = order.placeOf((metadata) => isBehind(request, metadata));
    const items: SessionMetadata[] = [];
    let refreshed: SessionMetadata | null = null;
    while (items.length < request.limit) {
      const metadata = order.at(place);
      if (!metadata) break;
      const now: SessionMetadata | null = metadata === refreshed ? metadata : this.#list.refresh(metadata.id);
      if (now === metadata) {
        items.push(metadata);
        after = { time: metadata[request.orderBy], id: metadata.id };
        place++;
        continue;
      }
      order.remove(place);
      refreshed = now;
      if (now && matchesFilter(request.filter, now) && isBehind({ ...request, after }, now)) order.add(now);
    }
    return { items, hasMore: order.at(place) !== undefined };
  }
}

function firstPage(order: LazySort<SessionMetadata>, limit: number): SessionRows {
  const items: SessionMetadata[] = [];
  for (let metadata = order.at(0); metadata && items.length < limit; metadata = order.at(items.length))
    items.push(metadata);
  return { items, hasMore: order.at(items.length) !== undefined };
}

function isBehind(request: ListRequest, metadata: SessionMetadata): boolean {
  const { after } = request;
  return after === null || compare(request, metadata, after.id, after.time) > 0;
}

function compare(
  { orderBy, direction }: Pick<ListRequest, "orderBy" | "direction">,
  metadata: SessionMetadata,
  id: string,
  time: number,
): number {
  const ascending = metadata[orderBy] - time || (metadata.id < id ? -1 : metadata.id > id ? 1 : 0);
  return direction === "asc" ? ascending : -ascending;
}
