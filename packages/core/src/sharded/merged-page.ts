import type { Rows } from "../store/requests.ts";

/** One of the lists that are merged. */
export interface PageSource<T, P> {
  /** At most `limit` items behind a place, in the order of `compare`. */
  page(after: P | null, limit: number): Promise<Rows<T>>;
}

export interface MergeOptions<T, P> {
  /** Where to begin; `null`: with the first. */
  readonly after: P | null;
  readonly limit: number;
  readonly placeOf: (item: T) => P;
  /** Negative where `a` comes first. No two items of one moment are equal. */
  readonly compare: (a: P, b: P) => number;
  /** What an item is about: where it has moved between two reads, only the later of them counts. */
  readonly keyOf: (item: T) => string;
}

interface Part<T, P> {
  readonly source: PageSource<T, P>;
  readonly items: Map<string, T>;
  last: T | undefined;
  hasMore: boolean;
}

/**
 * One page of what all sources have together. Each is asked for its share of the page and a little more at
 * first, and where that was too little, once more: so that of 1,000 sources not 1,000 pages are read.
 *
 * @throws what any source throws: there is no page without all of them.
 */
export async function mergedPage<T, P>(
  sources: readonly PageSource<T, P>[],
  { after, limit, placeOf, compare, keyOf }: MergeOptions<T, P>,
): Promise<Rows<T>> {
  const parts = sources.map(
    (source): Part<T, P> => ({ source, items: new Map(), last: undefined, hasMore: true }),
  );
  const share = firstShare(limit, sources.length);
  await Promise.all(parts.map((part) => read(part, after, share)));
  let sorted = inOrder(parts);
  // Those whose further items may belong to the page.
  const short = sorted.slice(0, limit).flatMap(({ part, item }, i) => {
    const missing = limit - i - 1;
    return item === part.last && part.hasMore && missing > 0 ? [{ part, item, missing }] : [];
  });
  await Promise.all(short.map(({ part, item, missing }) => read(part, placeOf(item), missing)));
  if (short.length > 0) sorted = inOrder(parts);
  // Where items have moved meanwhile, a part may still be short: what lies behind its last may belong behind
  // others of its own that were not read.
  const end = sorted.findIndex(({ part, item }) => item === part.last && part.hasMore);
  const items = sorted.slice(0, end < 0 ? limit : Math.min(limit, end + 1)).map(({ item }) => item);
  return { items, hasMore: sorted.length > items.length || parts.some(({ hasMore }) => hasMore) };

  async function read(part: Part<T, P>, from: P | null, count: number): Promise<void> {
    const { items, hasMore } = await part.source.page(from, count);
    for (const item of items) part.items.set(keyOf(item), item);
    part.last = items.at(-1);
    part.hasMore = hasMore && items.length > 0;
  }

  function inOrder(all: readonly Part<T, P>[]): { part: Part<T, P>; item: T; place: P }[] {
    return all
      .flatMap((part) => [...part.items.values()].map((item) => ({ part, item, place: placeOf(item) })))
      .sort((a, b) => compare(a.place, b.place));
  }
}

/** So often one of the sources may have more of a page than its first share, where sessions are spread. */
const SHORT_AT_MOST = 0.02;

/**
 * How many items each source is asked for first: the least for which it is unlikely that any of them has more
 * of the page. How many one has is a Poisson distribution, nearly.
 */
export function firstShare(limit: number, sources: number): number {
  const mean = limit / sources;
  let chance = Math.exp(-mean);
  let beyond = 1 - chance;
  let share = 1;
  while (share < limit && sources * beyond > SHORT_AT_MOST) {
    chance *= mean / share;
    beyond -= chance;
    share++;
  }
  return Math.min(share, limit);
}
