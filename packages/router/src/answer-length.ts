import { SessionError } from "@thulp-sessions/core";
import { leastJsonLength } from "@thulp-sessions/core/store";

/** The most that one answer may hold, in characters of JSON text, roughly. */
export const MAX_ANSWER_LENGTH = 64 * 1024 * 1024;

/** Counts what the calls of one request answer, all of which is held until the last of them has ended. */
export class AnswerLength {
  #left = MAX_ANSWER_LENGTH;

  /** @throws {SessionError} unsupported beyond {@link MAX_ANSWER_LENGTH}. */
  add(answer: unknown): void {
    this.#left -= leastJsonLength(answer, this.#left);
    if (this.#left >= 0) return;
    const message = `The answers to this request are longer than ${MAX_ANSWER_LENGTH} characters together: send the call in a request of its own.`;
    throw new SessionError("unsupported", message);
  }
}
