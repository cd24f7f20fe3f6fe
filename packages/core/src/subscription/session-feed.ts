import { onNextTurn } from "../async/yielder.ts";
import type { SessionId } from "../model/ids.ts";
import { deepFreeze } from "../model/json.ts";
import type { EntriesQuery, EntryPage, SessionStore, StoreChange } from "../store/session-store.ts";

/** How many pages are cached between two changes, for followers that ask for them a little later. */
const MAX_CACHED_PAGES = 4;

const feedsByStore = new WeakMap<SessionStore, Map<SessionId, SessionFeed>>();

/**
 * What all followers of one session of a store share: one watch, and the pages that they read after the same
 * change, so that a thousand followers of a session cost one read for each change of it.
 *
 * States of a feed:
 * - starting: created by the first `join`, until the store's `watch` resolves. If that rejects, every `join`
 *   rejects with it, and the next one creates a new feed.
 * - live: every change increments `generation`, drops the cached pages and wakes the waiting followers.
 * - ended: the watch is over (the store was closed, or failed with `#failure`). Waiting followers are woken,
 *   and the next `join` creates a new feed.
 * - left: the last follower has left, which ends the watch.
 */
export class SessionFeed {
  readonly #store: SessionStore;
  readonly #id: SessionId;
  readonly #changes: Promise<AsyncIterableIterator<StoreChange>>;
  /** The followers that wait for a change, each by the signal that ends it. */
  readonly #waiting = new Map<AbortSignal, () => void>();
  #pages = new Map<string, Promise<EntryPage>>();
  #followers = 0;
  #generation = 0;
  #wakeScheduled = false;
  #ended = false;
  #failure: unknown;

  /**
   * Resolves when every change from now on will be noticed. Every `join` needs a `leave` with the same
   * signal.
   *
   * @throws {SessionError} what the store's `watch` throws; then there is nothing to leave.
   */
  static async join(store: SessionStore, id: SessionId, signal: AbortSignal): Promise<SessionFeed> {
    const feeds = feedsByStore.get(store) ?? new Map<SessionId, SessionFeed>();
    feedsByStore.set(store, feeds);
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

  /**
   * Incremented by every change. Taken before reading, it says which changes the read is sure to have seen.
   */
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

  /** A page as it is after the last change that was noticed; frozen, since other followers get the same. */
  read(query: EntriesQuery): Promise<EntryPage> {
    const key = JSON.stringify(query);
    const cached = this.#pages.get(key);
    if (cached) return cached;
    const page = this.#store.readEntries(this.#id, query).then(deepFreeze);
    const pages = this.#pages;
    pages.set(key, page);
    // A failure reaches the followers that wait for this page; the next one reads it again.
    page.catch(() => pages.delete(key));
    const [oldest] = pages.keys();
    if (pages.size > MAX_CACHED_PAGES && oldest !== undefined) pages.delete(oldest);
    return page;
  }

  /**
   * Waits for a change after `generation`: true when there is one, false when the watch or the follower has
   * ended.
   *
   * @throws what the watch has failed with.
   */
  async changedSince(generation: number, signal: AbortSignal): Promise<boolean> {
    // A loop, since the follower may have read already what it is woken for.
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
        this.#scheduleWake();
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#retire();
    this.#ended = true;
    this.#wake();
  }

  /**
   * Two turns of the event loop later: the writer gets its answer first, and further changes until then are
   * read together. The busier a session is, the less each of its changes costs.
   */
  #scheduleWake(): void {
    if (this.#wakeScheduled) return;
    this.#wakeScheduled = true;
    onNextTurn(() =>
      onNextTurn(() => {
        this.#wakeScheduled = false;
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

  /** The next `join` creates a new feed. */
  #retire(): void {
    const feeds = feedsByStore.get(this.#store);
    if (feeds?.get(this.#id) === this) feeds.delete(this.#id);
  }
}
