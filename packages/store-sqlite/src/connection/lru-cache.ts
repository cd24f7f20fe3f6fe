/**
 * Values with a longer key are not cached: keys are texts that applications determine, and such do not occur
 * again.
 */
const MAX_KEY_LENGTH = 10_000;
const MAX_VALUES = 100;

/**
 * Values by the text that they are made from, e.g. prepared statements; the least recently used is dropped
 * first.
 */
export class LruCache<T> {
  readonly #values = new Map<string, T>();

  get(key: string, make: () => T): T {
    if (key.length > MAX_KEY_LENGTH) return make();
    const cached = this.#values.get(key);
    const value = cached ?? make();
    if (cached !== undefined) this.#values.delete(key);
    else if (this.#values.size >= MAX_VALUES) {
      const [oldest] = this.#values.keys();
      if (oldest !== undefined) this.#values.delete(oldest);
    }
    this.#values.set(key, value);
    return value;
  }
}
