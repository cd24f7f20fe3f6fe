import type { SessionId } from "../model/ids.ts";
import type { SessionMetadata } from "../model/model.ts";
import type {
  ListPlace,
  ListRequest,
  PlacedHit,
  Rows,
  SearchRequest,
  SessionRows,
} from "../store/requests.ts";
import { mergedPage } from "./merged-page.ts";
import type { Shard } from "./shard.ts";

/** The longest `walk` of all shards together; it is only a hint, and a cursor has to fit into a URL. */
const MAX_WALK_LENGTH = 1_000;

/** A page of the sessions of all these shards. */
export async function mergedSessions(shards: readonly Shard[], request: ListRequest): Promise<SessionRows> {
  const { orderBy, direction, limit, after } = request;
  const sign = direction === "asc" ? 1 : -1;
  const walks = splitWalk(request.walk, shards.length);
  const sources = shards.map((shard, i) => ({
    page: async (from: ListPlace | null, count: number) => {
      const rows = await shard.call((part) =>
        part.list({ ...request, after: from, limit: count, walk: walks[i] }),
      );
      walks[i] = rows.walk;
      return rows;
    },
  }));
  const rows = await mergedPage<SessionMetadata, ListPlace>(sources, {
    after,
    limit,
    placeOf: (metadata) => ({ time: metadata[orderBy], id: metadata.id }),
    compare: (a, b) => sign * (a.time - b.time || compareIds(a.id, b.id)),
    keyOf: ({ id }) => id,
  });
  const walk = joinWalks(walks);
  return walk === undefined ? rows : { ...rows, walk };
}

interface HitPlace {
  readonly updatedAt: number;
  readonly id: SessionId;
  readonly seq: number;
}

/** A page of the hits in all these shards. */
export async function mergedHits(shards: readonly Shard[], request: SearchRequest): Promise<Rows<PlacedHit>> {
  if (request.order === "rank") return bestHits(shards, request);
  const sources = shards.map((shard) => ({
    page: (after: SearchRequest["after"], limit: number) =>
      shard.call((part) => part.search({ ...request, after, limit })),
  }));
  return mergedPage<PlacedHit, HitPlace & NonNullable<SearchRequest["after"]>>(sources, {
    after: request.after,
    limit: request.limit,
    placeOf: ({ updatedAt, sessionId: id, seq }) => ({ updatedAt, id, seq: seq ?? -1 }),
    compare: byPlace,
    keyOf: ({ sessionId, seq }) => `${sessionId} ${seq}`,
  });
}

/** The best of the best of each. What they are ranked by is the same in every kind of store. */
async function bestHits(shards: readonly Shard[], request: SearchRequest): Promise<Rows<PlacedHit>> {
  const pages = await Promise.all(shards.map((shard) => shard.call((part) => part.search(request))));
  const [only] = pages;
  if (only && pages.length === 1) return only;
  const place = ({ updatedAt, sessionId: id, seq }: PlacedHit) => ({ updatedAt, id, seq: seq ?? -1 });
  const items = pages
    .flatMap((page) => page.items)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0) || byPlace(place(a), place(b)))
    .slice(0, request.limit);
  return { items, hasMore: false };
}

function byPlace(a: HitPlace, b: HitPlace): number {
  return b.updatedAt - a.updatedAt || compareIds(b.id, a.id) || a.seq - b.seq;
}

function compareIds(a: SessionId, b: SessionId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Names of walks hold no comma. A foreign text does no harm: a store ignores what it does not know. */
function splitWalk(walk: string | undefined, count: number): (string | undefined)[] {
  const parts = walk?.split(",") ?? [];
  return Array.from({ length: count }, (_, i) => (parts.length === count && parts[i]) || undefined);
}

function joinWalks(walks: readonly (string | undefined)[]): string | undefined {
  if (walks.every((walk) => walk === undefined) || walks.some((walk) => walk?.includes(",")))
    return undefined;
  const joined = walks.map((walk) => walk ?? "").join(",");
  return joined.length > MAX_WALK_LENGTH ? undefined : joined;
}
