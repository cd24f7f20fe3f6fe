import type { Socket } from "node:net";
import { SessionError } from "@thulp-sessions/core";
import { HttpError } from "@thulp-sessions/router";

/**
 * The subscriptions under way: they have no end of their own, so they are counted, bounded, and ended by
 * stopping.
 */
export class OpenStreams {
  readonly #max: number;
  readonly #streams = new Map<AbortController, string>();
  readonly #sockets = new Set<Socket>();
  #stopping = false;

  /** @param max how many there may be. */
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#streams.size;
  }

  /** How many there are of each path. */
  countByPath(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const path of this.#streams.values()) counts.set(path, (counts.get(path) ?? 0) + 1);
    return counts;
  }

  /**
   * Room for one more, until `leave`; its signal ends it.
   *
   * @throws {SessionError} busy above the bound, closed while stopping.
   * @throws {HttpError} 429 for a second one on a connection: its answer could only pile up behind the first,
   * which has no end.
   */
  enter(path: string, socket: Socket): { readonly abort: AbortController; leave(): void } {
    if (this.#stopping) {
      throw new SessionError("closed", "The server is stopping. Try again when it is back.");
    }
    if (this.#sockets.has(socket)) {
      throw new HttpError(429, "A connection carries one subscription at a time: open another connection.");
    }
    if (this.#streams.size >= this.#max) {
      throw new SessionError(
        "busy",
        `The server is busy: ${this.#max} subscriptions are open already. End one, or try again later.`,
      );
    }
    const abort = new AbortController();
    this.#streams.set(abort, path);
    this.#sockets.add(socket);
    return {
      abort,
      leave: () => {
        this.#streams.delete(abort);
        this.#sockets.delete(socket);
      },
    };
  }

  /** Ends them all without saying that they are over: their clients come back when the server does. */
  stop(): void {
    this.#stopping = true;
    for (const abort of this.#streams.keys()) abort.abort();
  }
}
