/**
 * What was asked for before the page that shows it is drawn, so that it is on its way meanwhile. The first
 * page takes it, if it asks for the same.
 */
export class Begun<T extends { stop(): void }> {
  #begun: { readonly key: string; readonly asked: T } | undefined;

  put(key: string, asked: T): void {
    this.#begun = { key, asked };
  }

  /** What was asked for under another key is stopped. */
  take(key: string): T | undefined {
    const begun = this.#begun;
    this.#begun = undefined;
    if (begun?.key === key) return begun.asked;
    begun?.asked.stop();
    return undefined;
  }
}
