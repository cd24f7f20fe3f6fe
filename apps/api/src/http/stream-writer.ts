import type { ServerResponse } from "node:http";

/** How long a client waits before it comes back to a broken event stream, in milliseconds. */
const RECONNECT = "retry: 1000\n\n";

/** Writes a stream as fast as its reader takes it. */
export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #waiting = new Set<() => void>();

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on("drain", this.#wake);
    response.on("close", this.#wake);
  }

  /** Sends the headers, before there is any event. */
  begin(isEventStream: boolean): void {
    if (isEventStream) this.#response.write(RECONNECT);
    else this.#response.flushHeaders();
  }

  /**
   * A promise where the reader is behind: it resolves when more may be written, or when the reader has gone.
   */
  readonly write = (part: string | Uint8Array): Promise<void> | undefined => {
    const response = this.#response;
    if (response.destroyed || response.write(part)) return undefined;
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
    });
  };

  readonly #wake = (): void => {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  };
}
