/**
 * Signals that many calls share. Each call gets a signal of its own, so that its listeners are collected with
 * the call, and all calls together add one listener to each shared signal.
 */
export class SharedSignal {
  readonly sources: readonly AbortSignal[];
  readonly #calls = new Set<AbortController>();

  constructor(sources: readonly AbortSignal[]) {
    this.sources = sources;
  }

  /**
   * The result of `call`, unless a signal is aborted first: then it rejects immediately with that signal's
   * reason.
   */
  async run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (const source of this.sources) source.throwIfAborted();
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    if (this.#calls.size === 0)
      for (const source of this.sources) source.addEventListener("abort", this.#stop);
    this.#calls.add(controller);
    try {
      return await Promise.race([call(signal), aborted]);
    } catch (error) {
      // The call has the signal too, and may have failed because of it first.
      throw signal.aborted ? signal.reason : error;
    } finally {
      this.#calls.delete(controller);
      if (this.#calls.size === 0)
        for (const source of this.sources) source.removeEventListener("abort", this.#stop);
    }
  }

  readonly #stop = (event: Event) => {
    const { reason } = event.target as AbortSignal;
    for (const call of [...this.#calls]) call.abort(reason);
  };
}
