import type { StoreChange } from "@thulp-sessions/core";
import { fail } from "./assert.ts";

/** Within this time a store that polls for changes of other processes has to have found them. */
const TIMEOUT_MS = 5000;

/**
 * Fails when the promise is not settled within a few seconds. Only for what would hang with a store that
 * emits nothing.
 */
export async function withTimeout<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      try {
        fail(`${what}: nothing came within ${TIMEOUT_MS} ms`);
      } catch (error) {
        reject(error);
      }
    }, TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** The changes that a watcher has received. A `reset` may replace any change. */
export class Changes {
  readonly received: StoreChange[] = [];
  readonly #iterator: AsyncIterableIterator<StoreChange>;

  constructor(iterator: AsyncIterableIterator<StoreChange>) {
    this.#iterator = iterator;
  }

  /** Waits for this change, from now on. */
  async until(change: StoreChange, what: string): Promise<void> {
    while (!covers(await this.#next(what), change));
  }

  /** Waits for this change, unless it has been received already. */
  async untilReceived(change: StoreChange, what: string): Promise<void> {
    if (!this.received.some((each) => covers(each, change))) await this.until(change, what);
  }

  async stop(): Promise<void> {
    await this.#iterator.return?.();
  }

  async #next(what: string): Promise<StoreChange> {
    const { done, value } = await withTimeout(this.#iterator.next(), what);
    if (done) fail(`${what}: the iteration has ended`);
    this.received.push(value);
    return value;
  }
}

function covers(received: StoreChange, wanted: StoreChange): boolean {
  if (received.type === "reset" || wanted.type === "reset") return received.type === "reset";
  return received.type === wanted.type && received.id === wanted.id;
}
