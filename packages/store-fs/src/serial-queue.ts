/** Runs pieces of work one after the other, separately for each key. */
export class SerialQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Starts `work` when all that was given before under the same key has ended, however. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const running = before ? before.then(work, work) : work();
    this.#tails.set(key, running);
    const forget = () => {
      if (this.#tails.get(key) === running) this.#tails.delete(key);
    };
    running.then(forget, forget);
    return running;
  }
}
