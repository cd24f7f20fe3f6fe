/** Runs pieces of work one after the other, separately for each key. */
export class SerialQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  /**
   * Starts `work` when all that was given before under the same key has ended, however; at once where there is nothing. What
   * it then gives without a promise is given so.
   */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
  run<T>(key: string, work: () => T | Promise<T>): T | Promise<T>;
  run<T>(key: string, work: () => T | Promise<T>): T | Promise<T> {
    const before = this.#tails.get(key);
    const running = before ? before.then(work, work) : work();
    if (!(running instanceof Promise)) return running;
    this.#tails.set(key, running);
    const forget = () => {
      if (this.#tails.get(key) === running) this.#tails.delete(key);
    };
    running.then(forget, forget);
    return running;
  }
}
