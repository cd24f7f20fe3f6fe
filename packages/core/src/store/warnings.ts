import type { SessionErrorCode } from "../model/errors.ts";

/** Something a person should know, but no call fails for, e.g. a session that `list` left out. */
export interface StoreWarning {
  /** The code of the error that a call about this alone would fail with. */
  readonly code: SessionErrorCode;
  /** For people. */
  readonly message: string;
  readonly sessionId?: string;
  /** The file. */
  readonly path?: string;
}

/** Receives warnings. What it throws becomes an uncaught exception. */
export type WarningListener = (warning: StoreWarning) => void;

/** The warnings of a store. Without a listener they are dropped. */
export class Warnings {
  readonly #listeners = new Set<WarningListener>();

  /** Calls `listener` with every warning from now on, until the function it returns is called. */
  listen(listener: WarningListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * For stores. What a listener throws does not reach the call that warns: it becomes an uncaught exception.
   */
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
