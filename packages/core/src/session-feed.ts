import type { SessionId } from "./ids.ts";
import { deepFreeze } from "./json.ts";
import type { EntriesQuery, EntryPage, SessionStore, StoreChange } from "./store.ts";

/** How many pages are kept between two changes, for followers that come to them a little later. */
const KEPT_PAGES = 4;

const feedsOfStores = new WeakMap<SessionStore, Map<SessionId, SessionFeed>>();

/**
 * What all that follow one session of a store share: one watch, and the pages that they read after the same change, so
 * that a thousand followers of a session cost one read for each change of it.
 */
export class SessionFeed {
  readonly #store: SessionStore;
  readonly #id: SessionId;
  readonly #changes: Promise<AsyncIterableIterator<StoreChange>>;
  readonly #waiting = new Set<() => void>();
  #pages = new Map<string, Promise<EntryPage>>();
  #followers = 0;
  #generation = 0;
  #ended = false;
  #failure: unknown;

  /**
   * Resolves when every change from now on will be told. Whoever joins has to leave.
   *
   * @throws {SessionError} what the store's `watch` throws; then nobody has joined.
   */
  static async join(store: SessionStore, id: SessionId): Promise<SessionFeed> {
    const feeds = feedsOfStores.get(store) ?? new Map<SessionId, SessionFeed>();
    feedsOfStores.set(store, feeds);
    const feed = feeds.get(id) ?? new SessionFeed(store, id);
    feeds.set(id, feed);
    feed.#followers++;
    try {
      await feed.#changes;
    } catch (error) {
      feed.leave();
      throw error;
    }
    return feed;
  }

  private constructor(store: SessionStore, id: SessionId) {
    this.#store = store;
    this.#id = id;
    this.#changes = store.watch({ id });
    this.#changes.then(
      (changes) => this.#pump(changes),
      () => this.#retire(),
    );
  }

  /** Goes up with every change. Taken before reading, it says what the reading is sure to have seen. */
  get generation(): number {
    return this.#generation;
  }

  leave(): void {
    if (--this.#followers > 0) return;
    this.#retire();
    this.#pages.clear();
    this.#changes.then(
      (changes) => changes.return?.(),
      () => {},
    );
  }

  /** As the store's own, begun after the last change that was told; frozen, since others get the same. */
  read(query: EntriesQuery): Promise<EntryPage> {
    const key = JSON.stringify(query);
    const known = this.#pages.get(key);
    if (known) return known;
    const page = this.#store.readEntries(this.#id, query).then(deepFreeze);
    const pages = this.#pages;
    pages.set(key, page);
    // A failure is told to those who wait for it, and the next one tries again.
    page.catch(() => pages.delete(key));
    const [oldest] = pages.keys();
    if (pages.size > KEPT_PAGES && oldest !== undefined) pages.delete(oldest);
    return page;
  }

  /** True as soon as something has changed since `generation`; false when the watch or the follower has ended. */
  async changedSince(generation: number, signal: AbortSignal): Promise<boolean> {
    if (generation === this.#generation && !this.#ended && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    }
    if (signal.aborted) return false;
    if (this.#failure !== undefined) throw this.#failure;
    return generation !== this.#generation;
  }

  async #pump(changes: AsyncIterableIterator<StoreChange>): Promise<void> {
    try {
      while (!(await changes.next()).done) {
        this.#generation++;
        this.#pages = new Map();
        this.#wake();
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#retire();
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Who joins from now on begins a new one. */
  #retire(): void {
    const feeds = feedsOfStores.get(this.#store);
    if (feeds?.get(this.#id) === this) feeds.delete(this.#id);
  }
}
