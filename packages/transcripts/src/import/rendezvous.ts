/** Lets those that work concurrently write at the same moment, so that their store commits once for all. */
export class Rendezvous {
  #working = 0;
  #waiting: (() => void)[] = [];

  enter(): void {
    this.#working++;
  }

  leave(): void {
    this.#working--;
    this.#goOnIfComplete();
  }

  /** Resolves when all who have entered are here, or have left. */
  async meet(): Promise<void> {
    const met = new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.#goOnIfComplete();
    await met;
  }

  #goOnIfComplete(): void {
    if (this.#waiting.length < this.#working) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }
}
