/**
 * Runs `work` in a later turn of the event loop, as soon as the platform can: Node's `setImmediate` is much
 * quicker than a timer. It is looked up once, so that fake timers installed later do not stop every store.
 */
export const onNextTurn: (work: () => void) => unknown =
  (globalThis as { setImmediate?: (work: () => void) => unknown }).setImmediate ??
  ((work) => setTimeout(work, 0));

/** How long work may go on before timers and I/O have their turn, in milliseconds. */
const MAX_RUN_MS = 12;

/** How many small pieces of work there are to one look at the clock. */
const SMALL_PER_LOOK = 64;

/**
 * Keeps work that never leaves the microtask queue (a loop of awaited calls that resolve without waiting, a
 * long loop over what a store gives) from starving timers and I/O. The time is measured from the first piece
 * of work since the event loop last turned, so work that comes once in a while never waits.
 */
export class Yielder {
  readonly #maxRunMs: number;
  /** When the first piece of work since the last turn began; `undefined` while there was none. */
  #since: number | undefined;
  #turn: Promise<void> | undefined;
  #small = 0;

  /** @param maxRunMs how long work may go on. */
  constructor(maxRunMs = MAX_RUN_MS) {
    this.#maxRunMs = maxRunMs;
  }

  /** For work in pieces of some milliseconds each, the last of which comes on top. */
  static ofPieces(): Yielder {
    return new Yielder(MAX_RUN_MS / 3);
  }

  /**
   * True when work has gone on for its time, 12 ms as a rule, without a turn of the event loop: then await
   * {@link yieldToEventLoop}.
   */
  isDue(): boolean {
    if (this.#since !== undefined) return Date.now() - this.#since > this.#maxRunMs;
    this.#begin();
    return false;
  }

  /**
   * As {@link isDue}, for work that is so small that the clock would be a good part of it: looks at it
   * after many times only, and answers false in between.
   */
  isDueAfterMany(): boolean {
    this.#small = (this.#small + 1) % SMALL_PER_LOOK;
    return this.#small === 0 && this.isDue();
  }

  /** Resolves after the event loop has turned. Callers at the same time share one turn. */
  yieldToEventLoop(): Promise<void> {
    this.#turn ??= new Promise((resolve) => {
      onNextTurn(() => {
        this.#turn = undefined;
        // Whoever waited goes on immediately.
        this.#begin();
        resolve();
      });
    });
    return this.#turn;
  }

  /** For loops: `await yielder.yieldIfDue()` before each piece of work. */
  async yieldIfDue(): Promise<void> {
    if (this.isDue()) await this.yieldToEventLoop();
  }

  #begin(): void {
    this.#since = Date.now();
    onNextTurn(() => {
      this.#since = undefined;
    });
  }
}
