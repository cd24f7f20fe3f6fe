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
    if (before) {
      const inTurn = (): T | Promise<T> => {
        const result = work();
        // Nothing is left to wait for: whoever hears of the result finds the queue empty.
        if (!(result instanceof Promise)) this.#forget(key, running);
        return result;
      };
      const running = before.then(inTurn, inTurn);
      return this.#follow(key, running);
    }
    const running = work();
    return running instanceof Promise ? this.#follow(key, running) : running;
  }

  #follow<T>(key: string, running: Promise<T>): Promise<T> {
    this.#tails.set(key, running);
    const forget = () => this.#forget(key, running);
    running.then(forget, forget);
    return running;
  }

  #forget(key: string, running: Promise<unknown>): void {
    if (this.#tails.get(key) === running) this.#tails.delete(key);
  }
}
