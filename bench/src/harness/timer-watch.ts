/** How often the timer is due, in ms. */
const EVERY_MS = 5;

/**
 * The longest wait of a timer that is due every 5 ms: what others in the process wait for while some work
 * runs. A loop that never lets the event loop turn makes it wait until its end.
 */
export class TimerWatch {
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();
  #longest = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /** Does something that is not part of the work, and leaves it out of the wait. */
  without<T>(aside: () => T): T {
    const start = performance.now();
    try {
      return aside();
    } finally {
      this.#last += performance.now() - start;
    }
  }

  /** Ends the watch; the longest wait in ms. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#longest;
  }

  #look(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }
}
