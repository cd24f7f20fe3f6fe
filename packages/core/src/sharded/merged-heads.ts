import type { SessionId } from "../model/ids.ts";
import type { SessionMetadata } from "../model/model.ts";
import { filterMatcher } from "../rules/filter.ts";
import { type HeadRows, type ListRequest, MAX_PAGE_BYTES, type SessionRows } from "../store/requests.ts";
import type { ListedHead } from "../store/session-store.ts";
import type { Shard } from "./shard.ts";

interface HeadReads {
  readonly list: (request: ListRequest) => Promise<SessionRows>;
  readonly shardOf: (id: SessionId) => Shard;
}

/**
 * A page with heads. Which sessions are on it is found without their contexts, which may be large: then only
 * the heads of those are read, one call for each shard that has any.
 */
export async function mergedHeads(request: ListRequest, { list, shardOf }: HeadReads): Promise<HeadRows> {
  const matches = filterMatcher(request.filter);
  const items: ListedHead[] = [];
  let { after: last, walk } = request;
  let length = 0;
  for (;;) {
    const rows: SessionRows = await list({ ...request, after: last, walk });
    ({ walk } = rows);
    const batches = batchesOf(rows.items, shardOf, request);
    await Promise.all(Array.from(batches.values(), (batch) => batch.readMore()));
    for (const metadata of rows.items) {
      const head = await batches.get(shardOf(metadata.id))?.headOf(metadata.id);
      if (head && matches(head.metadata)) {
        length += JSON.stringify(head).length;
        if (length > MAX_PAGE_BYTES && items.length > 0) return { items, last, hasMore: true, walk };
        items.push(head);
      }
      last = { time: metadata[request.orderBy], id: metadata.id };
    }
    // Where all that were found have been deleted since, the next ones are looked for.
    if (items.length > 0 || !rows.hasMore) return { items, last, hasMore: rows.hasMore, walk };
  }
}

function batchesOf(
  sessions: readonly SessionMetadata[],
  shardOf: HeadReads["shardOf"],
  { orderBy, direction }: ListRequest,
): Map<Shard, HeadBatch> {
  const ids = new Map<Shard, SessionId[]>();
  for (const { id } of sessions) {
    const shard = shardOf(id);
    ids.set(shard, [...(ids.get(shard) ?? []), id]);
  }
  return new Map(
    Array.from(ids, ([shard, own]) => [shard, new HeadBatch(shard, own, { orderBy, direction })]),
  );
}

/** The heads of some sessions of one shard, of which more are read when they are asked for. */
class HeadBatch {
  readonly #shard: Shard;
  readonly #order: Pick<ListRequest, "orderBy" | "direction">;
  readonly #heads = new Map<SessionId, ListedHead>();
  #missing: ReadonlySet<SessionId>;

  constructor(shard: Shard, ids: readonly SessionId[], order: Pick<ListRequest, "orderBy" | "direction">) {
    this.#shard = shard;
    this.#missing = new Set(ids);
    this.#order = order;
  }

  /** `undefined` for one that is gone. */
  async headOf(id: SessionId): Promise<ListedHead | undefined> {
    while (!this.#heads.has(id) && this.#missing.has(id)) await this.readMore();
    return this.#heads.get(id);
  }

  /** One page, which ends early where it takes too much. */
  async readMore(): Promise<void> {
    const ids = [...this.#missing];
    const { items, hasMore } = await this.#shard.call((part) =>
      part.listHeads({ ...this.#order, filter: { ids }, limit: ids.length, after: null }),
    );
    for (const head of items) this.#heads.set(head.metadata.id, head);
    // Those that are on no page are gone.
    this.#missing = new Set(hasMore && items.length > 0 ? ids.filter((id) => !this.#heads.has(id)) : []);
  }
}
