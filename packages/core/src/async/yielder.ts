/** The next turn of the event loop, as soon as the platform has it. Node's own is much quicker than a timer. */
export const nextTurn: (work: () => void) => unknown =
  (globalThis as { setImmediate?: (work: () => void) => unknown }).setImmediate ??
  ((work) => setTimeout(work, 0));

/** How long work may go on before timers and other events of the process get their turn, in ms. */
const LONGEST_RUN_MS = 8;

/**
 * Keeps work that never leaves the microtasks from starving timers and I/O: a loop of calls that resolve without
 * waiting, or a long loop over what a store gives. It measures from the first piece of work since the event loop last
 * turned, so work that comes once in a while never waits.
 */
export class Yielder {
  /** When the first piece of work since the last turn began; `undefined` while there was none. */
  #since: number | undefined;
  #turn: Promise<void> | undefined;

  /** Has work gone on for so long that others should have their turn before it goes on? */
  isDue(): boolean {
    if (this.#since !== undefined) return Date.now() - this.#since > LONGEST_RUN_MS;
    this.#since = Date.now();
    nextTurn(() => {
      this.#since = undefined;
    });
    return false;
  }

  /** Resolves when the event loop has turned. */
  yieldToEventLoop(): Promise<void> {
    this.#turn ??= new Promise((resolve) => {
      nextTurn(() => {
        this.#turn = undefined;
        this.#since = undefined;
        resolve();
      });
    });
    return this.#turn;
  }

  async yieldIfDue(): Promise<void> {
    if (this.isDue()) await this.yieldToEventLoop();
  }
}
