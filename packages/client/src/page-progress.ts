import { wrongAnswer } from "./answers.ts";

/** How many cursors are remembered; of others nothing is known, and nothing is refused. */
const MAX_REMEMBERED = 1000;
/** So many pages without an item lead nowhere. */
const MAX_EMPTY_PAGES = 100;

/** The place of an item in the order of its pages, part by part. */
type PageKey = readonly (number | string)[];

export interface PageOrder<T> {
  readonly keyOf: (item: T) => PageKey;
  readonly isFalling?: boolean;
}

/** Of items whose order cannot be seen: none comes again on its page or the next. */
export interface PageIds<T> {
  readonly idOf: (item: T) => string;
}

interface PageQuery {
  readonly cursor?: string | undefined;
}

interface Page {
  readonly items: readonly unknown[];
  readonly nextCursor: string | null;
}

interface Left {
  readonly key: PageKey | undefined;
  readonly ids: ReadonlySet<string>;
  readonly emptyPages: number;
}

/**
 * Sees to it that pages get on, so that a loop over them ends: each item comes after the one before, across
 * pages too, and no page asks for itself again.
 */
export class PageProgress {
  readonly #server: string;
  /** What the page ended with that has given each cursor. */
  readonly #left = new Map<string, Left>();

  constructor(server: string) {
    this.#server = server;
  }

  /**
   * @param order the place of an item, which rises, or falls, from one to the next; its id where the order
   *   cannot be seen; absent where items have none.
   * @throws {SessionError} io for a page that does not get on.
   */
  check<P extends Page>(
    query: PageQuery,
    page: P,
    order?: PageOrder<P["items"][number]> | PageIds<P["items"][number]>,
  ): P {
    const left = query.cursor === undefined ? undefined : this.#left.get(query.cursor);
    let key = left?.key;
    const ids = new Set<string>();
    if (order && "idOf" in order)
      for (const id of page.items.map(order.idOf)) {
        if (ids.has(id) || left?.ids.has(id))
          throw wrongAnswer(this.#server, "its pages repeat what was there");
        ids.add(id);
      }
    else if (order)
      for (const item of page.items) {
        const next = order.keyOf(item);
        if (key && !(order.isFalling ? isBefore(next, key) : isBefore(key, next)))
          throw wrongAnswer(this.#server, "its pages repeat what was there");
        key = next;
      }
    const { nextCursor } = page;
    if (nextCursor === null) return page;
    const emptyPages = page.items.length > 0 ? 0 : (left?.emptyPages ?? 0) + 1;
    if (nextCursor === query.cursor || emptyPages > MAX_EMPTY_PAGES)
      throw wrongAnswer(this.#server, "its pages do not get on");
    this.#remember(nextCursor, { key, ids, emptyPages });
    return page;
  }

  #remember(cursor: string, left: Left): void {
    this.#left.delete(cursor);
    this.#left.set(cursor, left);
    if (this.#left.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#left.keys()) {
      this.#left.delete(oldest);
      return;
    }
  }
}

function isBefore(a: PageKey, b: PageKey): boolean {
  for (const [i, part] of a.entries()) {
    const other = b[i] as number | string;
    if (part !== other) return part < other;
  }
  return false;
}
