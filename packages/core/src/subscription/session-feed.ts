import { onNextTurn } from "../async/yielder.ts";
import type { SessionId } from "../model/ids.ts";
import { deepFreeze } from "../model/json.ts";
import type { EntriesQuery, EntryPage, SessionStore, StoreChange } from "../store/session-store.ts";

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
  /** Who waits for a change, each under the signal that ends it. */
  readonly #waiting = new Map<AbortSignal, () => void>();
  #pages = new Map<string, Promise<EntryPage>>();
  #followers = 0;
  #generation = 0;
  #waking = false;
  #ended = false;
  #failure: unknown;

  /**
   * Resolves when every change from now on will be told. Whoever joins has to leave, with the same signal.
   *
   * @throws {SessionError} what the store's `watch` throws; then nobody has joined.
   */
  static async join(store: SessionStore, id: SessionId, signal: AbortSignal): Promise<SessionFeed> {
    const feeds = feedsOfStores.get(store) ?? new Map<SessionId, SessionFeed>();
    feedsOfStores.set(store, feeds);
    const feed = feeds.get(id) ?? new SessionFeed(store, id);
    feeds.set(id, feed);
    feed.#followers++;
    signal.addEventListener("abort", feed.#release);
    try {
      await feed.#changes;
    } catch (error) {
      feed.leave(signal);
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

  leave(signal: AbortSignal): void {
    signal.removeEventListener("abort", this.#release);
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
    // Woken, it may have read already what it is woken for.
    while (generation === this.#generation && !this.#ended && !signal.aborted) {
      await new Promise<void>((resolve) => this.#waiting.set(signal, resolve));
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
        this.#wakeSoon();
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#retire();
    this.#ended = true;
    this.#wake();
  }

  /**
   * Not at once: whoever has made the change is answered first, in the turn before, and what changes meanwhile is told
   * together. The more there is to tell, the less each of it costs.
   */
  #wakeSoon(): void {
    if (this.#waking) return;
    this.#waking = true;
    onNextTurn(() =>
      onNextTurn(() => {
        this.#waking = false;
        this.#wake();
      }),
    );
  }

  #wake(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  readonly #release = ({ target }: Event): void => {
    const signal = target as AbortSignal;
    this.#waiting.get(signal)?.();
    this.#waiting.delete(signal);
  };

  /** Who joins from now on begins a new one. */
  #retire(): void {
    const feeds = feedsOfStores.get(this.#store);
    if (feeds?.get(this.#id) === this) feeds.delete(this.#id);
  }
}
