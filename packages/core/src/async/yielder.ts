/** The next turn of the event loop, as soon as the platform has it. Node's own is much quicker than a timer. */
export const nextTurn: (work: () => void) => unknown =
  (globalThis as { setImmediate?: (work: () => void) => unknown }).setImmediate ??
  ((work) => setTimeout(work, 0));

/** How long something may go on before timers and other events get their turn, in ms. */
const LONGEST_RUN_MS = 8;

/** For loops over what a store gives: many answer without ever leaving the microtasks. */
export class Turns {
  #last = Date.now();

  /** Waits for the next turn where the last one was some time ago. */
  async give(): Promise<void> {
    if (Date.now() - this.#last <= LONGEST_RUN_MS) return;
    await new Promise<void>((resolve) => nextTurn(resolve));
    this.#last = Date.now();
  }
}
