/** A sleep that can be cut short. */
export class Alarm {
  readonly #signal: AbortSignal;
  readonly #unref: boolean;
  /** Something was told of that was not looked at yet. */
  rang = false;
  #wake: (() => void) | undefined;

  /** @param unref a process that only sleeps may end. */
  constructor(signal: AbortSignal, unref: boolean) {
    this.#signal = signal;
    this.#unref = unref;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  ring(): void {
    this.rang = true;
    this.#wake?.();
  }

  async sleep(ms: number): Promise<void> {
    if (this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      if (this.#unref) timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
