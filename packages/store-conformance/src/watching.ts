import type { StoreChange } from "@thulp-sessions/core";
import { fail } from "./assert.ts";

/** A store that looks for the changes of others now and then is to have found them within this time. */
const BOUND_MS = 5000;

/**
 * Fails when the promise has not come within a few seconds: only where a store that tells nothing would hang.
 */
export async function withinBound<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      try {
        fail(`${what}: nothing came within ${BOUND_MS} ms`);
      } catch (error) {
        reject(error);
      }
    }, BOUND_MS);
  });
  try {
    return await Promise.race([promise, bound]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a watcher is told. A `reset` stands for any change. */
export class Changes {
  readonly told: StoreChange[] = [];
  readonly #iterator: AsyncIterableIterator<StoreChange>;

  constructor(iterator: AsyncIterableIterator<StoreChange>) {
    this.#iterator = iterator;
  }

  /** Waits until this change is told from now on. */
  async until(change: StoreChange, what: string): Promise<void> {
    while (!isTold(await this.#next(what), change));
  }

  /** Waits until this change is told, unless it has been already. */
  async untilTold(change: StoreChange, what: string): Promise<void> {
    if (!this.told.some((each) => isTold(each, change))) await this.until(change, what);
  }

  async stop(): Promise<void> {
    await this.#iterator.return?.();
  }

  async #next(what: string): Promise<StoreChange> {
    const { done, value } = await withinBound(this.#iterator.next(), what);
    if (done) fail(`${what}: the iteration has ended`);
    this.told.push(value);
    return value;
  }
}

function isTold(told: StoreChange, wanted: StoreChange): boolean {
  if (told.type === "reset" || wanted.type === "reset") return told.type === "reset";
  return told.type === wanted.type && told.id === wanted.id;
}
