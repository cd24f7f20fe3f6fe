import { matchesFilter, type SessionId, type SessionMetadata } from "@thulp-sessions/core";
import type { ListRequest, SessionRows } from "@thulp-sessions/core/store";
import { LazySort } from "./lazy-sort.ts";
import type { SessionList } from "./session-list.ts";

// A walk over all pages of a list looks at every file once, at its first page. Later pages look again only at
// sessions of which this store has learned meanwhile that they were changed. The alternatives are told in
// docs/file-format.md, "Lists": a look at every file for every page is quadratic; the events of the system
// would save the look, but a list may be asked for before an event has arrived; a journal of heads is a
// second truth that has to be looked after.

/**
 * How long the order of a walk is kept after its last page, in ms. A later page looks at every file again.
 */
const KEPT_MS = 60_000;

/** How many sessions the walks hold together, and how many changes are remembered. */
const MOST_HELD = 2_000_000;
const MOST_CHANGES = 100_000;

interface Walk {
  readonly order: LazySort<SessionMetadata>;
  readonly size: number;
  /** How many changes this store had learned of when the walk began. */
  readonly since: number;
  readonly expires: NodeJS.Timeout;
}

/** The lists that are being paged through. */
export class ListWalks {
  readonly #list: SessionList;
  /** The least recently used first. */
  readonly #walks = new Map<string, Walk>();
  #held = 0;
  #lastName = 0;
  /** Tells the walks of this store from those of others, to which the cursor of a caller may belong. */
  readonly #prefix = Math.random().toString(36).slice(2, 10);
  /**
   * The number of the last change of each session of which this store has learned since the oldest walk
   * began.
   */
  readonly #changes = new Map<SessionId, number>();
  #changeCount = 0;
  #scanning = 0;

  constructor(list: SessionList) {
    this.#list = list;
  }

  /** To be called whenever this store has changed a session, or has seen that another process did. */
  onChange(id: SessionId): void {
    if (this.#walks.size === 0 && this.#scanning === 0) return;
    this.#changes.set(id, ++this.#changeCount);
    if (this.#changes.size > MOST_CHANGES) this.close();
  }

  async page(request: ListRequest): Promise<SessionRows> {
    const known = request.walk === undefined ? undefined : this.#resume(request.walk);
    if (known) return this.#page(known, request, request.walk);
    const walk = await this.#begin(request);
    const page = this.#page(walk, request);
    return page.hasMore ? { ...page, walk: this.#keep(walk) } : page;
  }

  close(): void {
    for (const name of [...this.#walks.keys()]) this.#drop(name);
    this.#changes.clear();
  }

  /** Looks at every file. */
  async #begin(request: ListRequest): Promise<Omit<Walk, "expires">> {
    const since = this.#changeCount;
    this.#scanning++;
    try {
      const matching = await this.#list.matching(request.filter);
      const found = request.after ? matching.filter((each) => isBehind(request, each)) : matching;
      const { orderBy, direction } = request;
      const order = direction === "asc" ? ascending(orderBy) : descending(orderBy);
      return { order: new LazySort(found, order), size: found.length, since };
    } finally {
      this.#scanning--;
    }
  }

  /** What has changed since the walk began is given as it is now, or not at all. */
  #page(walk: Omit<Walk, "expires">, request: ListRequest, name?: string): SessionRows {
    const { order, since } = walk;
    let { after } = request;
    let place = order.placeOf((metadata) => isBehind(request, metadata));
    const items: SessionMetadata[] = [];
    /** Was just looked at. */
    let refreshed: SessionMetadata | null = null;
    while (items.length < request.limit) {
      const metadata = order.at(place);
      if (!metadata) break;
      const isKnown: boolean = metadata === refreshed || (this.#changes.get(metadata.id) ?? 0) <= since;
      const now: SessionMetadata | null = isKnown ? metadata : this.#list.refresh(metadata.id);
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
    const hasMore = order.at(place) !== undefined;
    return name === undefined ? { items, hasMore } : { items, hasMore, walk: name };
  }

  #resume(name: string): Walk | undefined {
    const walk = this.#walks.get(name);
    if (!walk) return undefined;
    this.#walks.delete(name);
    this.#walks.set(name, walk);
    walk.expires.refresh();
    return walk;
  }

  #keep(walk: Omit<Walk, "expires">): string {
    const name = `${this.#prefix}-${++this.#lastName}`;
    const expires = setTimeout(() => this.#drop(name), KEPT_MS);
    expires.unref();
    this.#walks.set(name, { ...walk, expires });
    this.#held += walk.size;
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
    if (this.#walks.size === 0 && this.#scanning === 0) this.#changes.clear();
  }
}

type OrderBy = ListRequest["orderBy"];
type Compare = (a: SessionMetadata, b: SessionMetadata) => number;

function ascending(orderBy: OrderBy): Compare {
  return orderBy === "updatedAt"
    ? (a, b) => a.updatedAt - b.updatedAt || byId(a.id, b.id)
    : (a, b) => a.createdAt - b.createdAt || byId(a.id, b.id);
}

function descending(orderBy: OrderBy): Compare {
  const compare = ascending(orderBy);
  return (a, b) => compare(b, a);
}

function isBehind({ after, orderBy, direction }: ListRequest, metadata: SessionMetadata): boolean {
  if (after === null) return true;
  const compared = metadata[orderBy] - after.time || byId(metadata.id, after.id);
  return direction === "asc" ? compared > 0 : compared < 0;
}

function byId(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
