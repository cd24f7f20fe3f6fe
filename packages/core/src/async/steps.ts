import type { Yielder } from "./yielder.ts";

/** Work that stops after each piece of some milliseconds at most, and gives its result at the end. */
export type Steps<T> = Generator<void, T, void>;

/** Does the work in one go. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Does the work in pieces, between which timers and I/O have their turn. */
export async function runStepsInTurns<T>(steps: Steps<T>, yielder: Yielder): Promise<T> {
  for (;;) {
    await yielder.yieldIfDue();
    const { done, value } = steps.next();
    if (done) return value;
  }
}
