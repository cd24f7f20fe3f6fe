import { jittered } from "@thulp-sessions/core/store";
import { wrongAnswer } from "./answers.ts";
import { type Fetch, notTheApi } from "./checked-fetch.ts";
import { pause } from "./pause.ts";
import { fromServer, isAbort } from "./session-error.ts";

/**
 * How long to wait before the next attempt after so many failures in a row, in milliseconds, in addition to
 * the wait of the EventSource itself.
 */
const BACKOFF_MS = [0, 0, 1000, 3000, 10_000, 25_000];

const NEWLINE = 0x0a;

/**
 * `fetch` for one subscription. It keeps the reason of the last failure, which the EventSource does not
 * report. An answer that may be another one next time (5xx, 429) becomes a failed connection, which the
 * EventSource retries; any other that is no event stream ends the subscription.
 */
export class SubscriptionFetch {
  /** Why the last attempt failed; `undefined` while connected. */
  failure: Error | undefined;
  readonly #server: string;
  readonly #fetch: Fetch;
  readonly #maxEventBytes: number;
  #failures = 0;
  /** What no other attempt makes good. */
  #final: Error | undefined;

  /** @param maxEventBytes how long one line of the stream may be. */
  constructor(server: string, fetch: Fetch, maxEventBytes: number) {
    this.#server = server;
    this.#fetch = fetch;
    this.#maxEventBytes = maxEventBytes;
  }

  readonly fetch: Fetch = async (input, init) => {
    // An answer that is no event stream ends the subscription.
    if (this.#final) return new Response(null, { status: 406 });
    const backoffMs = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)] ?? 0;
    await pause(jittered(backoffMs), init?.signal);
    this.#failures++;
    const response = await this.#fetch(input, init).catch((error) => {
      if (!isAbort(error)) this.failure = error;
      throw error;
    });
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
    if (response.status === 200 && isStream) {
      this.#failures = 0;
      this.failure = undefined;
      return this.#bounded(response, init?.signal);
    }
    this.failure = (await errorIn(response)) ?? notTheApi(this.#server, response);
    if (response.status >= 500 || response.status === 429) throw this.failure;
    return new Response(null, { status: response.status === 200 ? 406 : response.status });
  };

  /**
   * The answer, whose stream ends with the signal, and with a line that is too long. Node's own fetch ignores
   * the signal once the garbage collector has run: then an unsubscribed subscription would keep its
   * connection.
   */
  #bounded(response: Response, signal: AbortSignal | null | undefined): Response {
    const reader = response.body?.getReader();
    if (!reader) return response;
    const cancel = (reason?: unknown) => reader.cancel(reason).catch(() => {});
    signal?.addEventListener("abort", () => cancel(signal.reason), { once: true });
    let lineBytes = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        const lineEnd = value.lastIndexOf(NEWLINE);
        lineBytes = lineEnd < 0 ? lineBytes + value.length : value.length - lineEnd;
        if (lineBytes <= this.#maxEventBytes) return controller.enqueue(value);
        this.#final = wrongAnswer(this.#server, `an event has more than ${this.#maxEventBytes} bytes`);
        this.failure = this.#final;
        cancel();
        controller.error(this.#final);
      },
      cancel,
    });
    const { status, statusText, headers, url, redirected } = response;
    return Object.defineProperties(new Response(body, { status, statusText, headers }), {
      url: { value: url },
      redirected: { value: redirected },
    });
  }
}

async function errorIn(response: Response): Promise<Error | undefined> {
  try {
    const body = (await response.json()) as { error?: { data?: unknown } } | null;
    return fromServer(body?.error?.data);
  } catch {
    return undefined;
  }
}
