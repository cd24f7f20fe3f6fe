import type { SessionId } from "../model/ids.ts";
import type { StoreChange, WatchOptions } from "./session-store.ts";

/** For how many sessions a watcher keeps changes that were not consumed; beyond that it gets a `reset`. */
const MAX_PENDING = 10_000;

type ChangeType = "created" | "changed" | "deleted";

/** Delivers the changes of a store to its watchers. */
export class ChangeFeed {
  readonly #watchers = new Set<Watcher>();

  /** True while there is a watcher. */
  get active(): boolean {
    return this.#watchers.size > 0;
  }

  /** A session was changed. Call it after the change was applied. */
  emit(type: ChangeType, id: SessionId): void {
    for (const watcher of this.#watchers) watcher.push(type, id);
  }

  /** Changes may have been missed: every watcher has to read everything again. */
  reset(): void {
    for (const watcher of this.#watchers) watcher.reset();
  }

  /** A new watcher. @param onEnd called once, when it has ended for whatever reason. */
  watch(options: WatchOptions = {}, onEnd?: () => void): AsyncIterableIterator<StoreChange> {
    const watcher = new Watcher(options, () => {
      this.#watchers.delete(watcher);
      onEnd?.();
    });
    this.#watchers.add(watcher);
    if (options.signal?.aborted) watcher.end();
    return watcher;
  }

  /** Ends every watcher. */
  close(): void {
    for (const watcher of [...this.#watchers]) watcher.end();
  }
}

class Watcher implements AsyncIterableIterator<StoreChange> {
  readonly #only: SessionId | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: () => void;
  readonly #pending = new Map<SessionId, ChangeType>();
  readonly #waiting: ((result: IteratorResult<StoreChange>) => void)[] = [];
  #resetPending = false;
  #ended = false;

  constructor({ id, signal }: WatchOptions, onEnd: () => void) {
    this.#only = id;
    this.#signal = signal;
    this.#onEnd = onEnd;
    signal?.addEventListener("abort", this.end);
  }

  push(type: ChangeType, id: SessionId): void {
    if (this.#ended || this.#resetPending || (this.#only !== undefined && id !== this.#only)) return;
    const before = this.#pending.get(id);
    this.#pending.set(id, before === "created" && type === "changed" ? "created" : type);
    if (this.#pending.size > MAX_PENDING) this.reset();
    else this.#deliver();
  }

  reset(): void {
    if (this.#ended) return;
    this.#pending.clear();
    this.#resetPending = true;
    this.#deliver();
  }

  readonly end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.end);
    this.#pending.clear();
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
    this.#onEnd();
  };

  next(): Promise<IteratorResult<StoreChange>> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#deliver();
    });
  }

  return(): Promise<IteratorResult<StoreChange>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
  }

  #deliver(): void {
    while (this.#waiting.length > 0) {
      const value = this.#ended ? undefined : this.#take();
      if (value === undefined && !this.#ended) return;
      const resolve = this.#waiting.shift();
      resolve?.(value === undefined ? { done: true, value: undefined } : { done: false, value });
    }
  }

  #take(): StoreChange | undefined {
    if (this.#resetPending) {
      this.#resetPending = false;
      return { type: "reset" };
    }
    for (const [id, type] of this.#pending) {
      this.#pending.delete(id);
      return { type, id };
    }
    return undefined;
  }
}
