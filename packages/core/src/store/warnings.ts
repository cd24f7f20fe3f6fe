import type { SessionErrorCode } from "../model/errors.ts";

/** Something a person should know that is no reason to fail the call. */
export interface StoreWarning {
  readonly code: SessionErrorCode;
  readonly message: string;
  readonly sessionId?: string;
  readonly path?: string;
}

export type WarningListener = (warning: StoreWarning) => void;

/** Where a store tells its warnings. Nobody has to listen. */
export class Warnings {
  readonly #listeners = new Set<WarningListener>();

  /** Calls `listener` with every warning from now on, until the function it returns is called. */
  listen(listener: WarningListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For stores. What a listener throws does not reach the call that warns: it becomes an uncaught exception. */
  emit(warning: StoreWarning): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(warning);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
