/**
 * The signals that end many calls. Each call gets one of its own: what a call leaves with its signal is gone
 * with the call, and however many there are, they are one listener of the signals that they share.
 */
export class SharedSignal {
  readonly sources: readonly AbortSignal[];
  readonly #calls = new Set<AbortController>();

  constructor(sources: readonly AbortSignal[]) {
    this.sources = sources;
  }

  /** What `call` comes to, unless a signal comes first: then it rejects at once with that signal's reason. */
  async run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (const source of this.sources) source.throwIfAborted();
    const controller = new AbortController();
    const { signal } = controller;
    const given = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    if (this.#calls.size === 0)
      for (const source of this.sources) source.addEventListener("abort", this.#stop);
    this.#calls.add(controller);
    try {
      return await Promise.race([call(signal), given]);
    } catch (error) {
      // Whoever works on the call hears of the signal too, and may have been first.
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
