/**
 * A growing list of integers of 32 bits. An array of numbers takes twice the memory, all of which garbage
 * collection looks at, and holds up others for longer when it grows.
 */
export class IntList {
  #values = new Int32Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** 0 where there is none. */
  at(index: number): number {
    return this.#values[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Int32Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }
}
