import { isSessionError, type SessionErrorCode, type SessionStore } from "@thulp-sessions/core";

/** An id that nobody has; deleting it under a version that nobody has changes nothing, whatever is there. */
const PROBE_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const PROBE_VERSION = "probe";

/** How long the store may take, in milliseconds. */
const TIMEOUT_MS = 5000;

/**
 * How often a write is tried at most, in milliseconds: anybody may ask, as often as they like, and a write
 * costs a sync.
 */
const WRITE_EVERY_MS = 1000;

/** What says that the store is there: it knows the answer, or somebody else is writing just now. */
const ANSWERS: readonly SessionErrorCode[] = ["not_found", "conflict", "corrupt", "unsupported", "busy"];

/**
 * Finds out whether the store answers: whether it can be read, and whether a write gets as far as its commit.
 */
export class StoreHealth {
  readonly #store: SessionStore;
  #written: { readonly at: number; readonly answered: Promise<boolean> } | undefined;

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** True when the store can be read now, and took a write within the last second. */
  async isHealthy(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), TIMEOUT_MS);
    });
    const both = Promise.all([answers(this.#store.head(PROBE_ID)), this.#takesWrites()]);
    try {
      return await Promise.race([both.then((found) => found.every(Boolean)), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #takesWrites(): Promise<boolean> {
    const now = performance.now();
    if (this.#written === undefined || now - this.#written.at > WRITE_EVERY_MS) {
      const probe = this.#store.delete(PROBE_ID, { expectedVersion: PROBE_VERSION });
      this.#written = { at: now, answered: answers(probe) };
    }
    return this.#written.answered;
  }
}

function answers(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    (error) => isSessionError(error) && ANSWERS.includes(error.code),
  );
}
