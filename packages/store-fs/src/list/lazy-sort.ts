/**
 * Items in the order of `compare`, brought into it only as far as they are asked for: the first page of
 * 100,000 sessions costs a pass over them, each further one no more than its own items.
 */
export class LazySort<T> {
  /** The first items, in their order. */
  readonly #sorted: T[] = [];
  /** All others, as a binary heap: each comes before the two below it. */
  readonly #heap: T[];
  readonly #compare: (a: T, b: T) => number;

  /** @param items belong to the sort from now on. */
  constructor(items: T[], compare: (a: T, b: T) => number) {
    this.#heap = items;
    this.#compare = compare;
    for (let at = (items.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  *[Symbol.iterator](): Generator<T> {
    for (let place = 0; ; place++) {
      const item = this.at(place);
      if (item === undefined) return;
      yield item;
    }
  }

  /** The item at this place, `undefined` behind the last. */
  at(place: number): T | undefined {
    while (this.#sorted.length <= place && this.#heap.length > 0) this.#sorted.push(this.#takeFirst());
    return this.#sorted[place];
  }

  /** The place of the first item for which `isBehind` holds, which has to hold for all after it. */
  placeOf(isBehind: (item: T) => boolean): number {
    const first = this.at(0);
    if (first === undefined) return 0;
    while (this.#heap.length > 0 && !isBehind(this.#sorted[this.#sorted.length - 1] as T))
      this.at(this.#sorted.length);
    let [from, to] = [0, this.#sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (isBehind(this.#sorted[middle] as T)) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  /** Removes the item at a place that was asked for. */
  remove(place: number): void {
    this.#sorted.splice(place, 1);
  }

  /** Adds an item at its place. */
  add(item: T): void {
    const place = this.placeOf((other) => this.#compare(other, item) > 0);
    if (place < this.#sorted.length) this.#sorted.splice(place, 0, item);
    else this.#sorted.push(item);
  }

  #takeFirst(): T {
    const heap = this.#heap;
    const first = heap[0] as T;
    const last = heap.pop() as T;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #sink(start: number): void {
    const heap = this.#heap;
    const item = heap[start] as T;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#compare(heap[child + 1] as T, heap[child] as T) < 0) child++;
      if (this.#compare(item, heap[child] as T) <= 0) break;
      heap[at] = heap[child] as T;
      at = child;
    }
    heap[at] = item;
  }
}
