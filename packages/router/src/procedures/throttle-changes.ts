import type { SessionId, StoreChange } from "@thulp-sessions/core";

type ChangeType = "created" | "changed" | "deleted";

/** So many sessions are held back; with more of them the list is to be read again. */
const MAX_HELD = 10_000;

/**
 * The same changes, of each session at most one in so many milliseconds: the first after a quiet time
 * immediately, of those that follow the last state when the time is over. A `reset` and a deletion are never
 * held back. It ends when `changes` does; what is held back then is dropped.
 *
 * @param ms above 0.
 */
export async function* throttleChanges(
  changes: AsyncIterator<StoreChange>,
  ms: number,
): AsyncGenerator<StoreChange, void, undefined> {
  const held = new HeldChanges(ms);
  let next = changes.next();
  for (;;) {
    const timer = new Timer(held.msUntilDue());
    const result = await Promise.race([next, timer.elapsed]);
    timer.clear();
    if (result === "elapsed") {
      for (const change of held.takeDue()) yield change;
      continue;
    }
    if (result.done) return;
    next = changes.next();
    // The reader that waits for it gets the failure; until then it must not count as unhandled.
    next.catch(() => {});
    const change = held.pass(result.value);
    if (change) yield change;
  }
}

class HeldChanges {
  readonly #ms: number;
  /** Until when each session is quiet that was told of lately, the earliest first. */
  readonly #quietUntil = new Map<SessionId, number>();
  readonly #held = new Map<SessionId, ChangeType>();

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** What is to be told of a change now. */
  pass(change: StoreChange): StoreChange | null {
    if (change.type === "reset") return this.#reset();
    const { type, id } = change;
    this.#forgetQuiet();
    if (type === "deleted") this.#held.delete(id);
    else if (this.#quietUntil.has(id)) {
      // Not told of before the other one: it is still new to the reader.
      this.#held.set(id, this.#held.get(id) === "created" ? "created" : type);
      return this.#held.size > MAX_HELD ? this.#reset() : null;
    }
    this.#beQuiet(id);
    return change;
  }

  msUntilDue(): number | null {
    for (const [id, until] of this.#quietUntil)
      if (this.#held.has(id)) return Math.max(0, until - performance.now());
    return null;
  }

  *takeDue(): Generator<StoreChange, void, undefined> {
    const due: SessionId[] = [];
    for (const [id, until] of this.#quietUntil) {
      if (!isOver(until)) break;
      if (this.#held.has(id)) due.push(id);
    }
    for (const id of due) {
      const type = this.#held.get(id);
      if (type === undefined) continue;
      this.#held.delete(id);
      this.#beQuiet(id);
      yield { type, id };
    }
  }

  #reset(): StoreChange {
    this.#held.clear();
    this.#quietUntil.clear();
    return { type: "reset" };
  }

  #beQuiet(id: SessionId): void {
    this.#quietUntil.delete(id);
    this.#quietUntil.set(id, performance.now() + this.#ms);
  }

  #forgetQuiet(): void {
    for (const [id, until] of this.#quietUntil) {
      if (!isOver(until)) return;
      if (!this.#held.has(id)) this.#quietUntil.delete(id);
    }
  }
}

/** A timer may fire a little early. */
function isOver(time: number): boolean {
  return time - performance.now() < 1;
}

class Timer {
  readonly elapsed: Promise<"elapsed">;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param ms `null`: it never fires. */
  constructor(ms: number | null) {
    this.elapsed = new Promise((resolve) => {
      if (ms !== null) this.#timer = setTimeout(() => resolve("elapsed"), ms);
    });
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
