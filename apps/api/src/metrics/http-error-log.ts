import type { Logger } from "./log.ts";

/**
 * How long the same kind of error is not logged again, in milliseconds: an overloaded server has better
 * things to do.
 */
const QUIET_MS = 10_000;

/** Tells of refused calls once, and then how many there were. */
export class HttpErrorLog {
  readonly #logger: Logger;
  #quietUntil = 0;
  #untold = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(facts: {
    readonly requestId: string;
    readonly path: string | undefined;
    readonly status: number;
    readonly reason: string;
  }): void {
    const now = performance.now();
    if (now < this.#quietUntil) {
      this.#untold++;
      return;
    }
    this.#quietUntil = now + QUIET_MS;
    const untold = this.#untold;
    this.#untold = 0;
    this.#logger.warn({ ...facts, ...(untold > 0 && { untold }) }, "call refused");
  }
}
