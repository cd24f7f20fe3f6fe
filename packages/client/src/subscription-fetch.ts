import { jittered } from "@thulp-sessions/core/store";
import { type Fetch, notTheApi } from "./checked-fetch.ts";
import { pause } from "./pause.ts";
import { fromServer, isAbort } from "./session-error.ts";

/**
 * How long to wait before the next attempt after so many failures in a row, in milliseconds, in addition to
 * the wait of the EventSource itself.
 */
const BACKOFF_MS = [0, 0, 1000, 3000, 10_000, 25_000];

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
  #failures = 0;

  constructor(server: string, fetch: Fetch) {
    this.#server = server;
    this.#fetch = fetch;
  }

  readonly fetch: Fetch = async (input, init) => {
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
      if (init?.signal) return endedBy(response, init.signal);
      return response;
    }
    this.failure = (await errorIn(response)) ?? notTheApi(this.#server, response);
    if (response.status >= 500 || response.status === 429) throw this.failure;
    return new Response(null, { status: response.status === 200 ? 406 : response.status });
  };
}

/**
 * The answer, whose stream ends with the signal. Node's own fetch ignores the signal once the garbage
 * collector has run: then an unsubscribed subscription would keep its connection.
 */
function endedBy(response: Response, signal: AbortSignal): Response {
  const reader = response.body?.getReader();
  if (!reader) return response;
  const cancel = (reason?: unknown) => reader.cancel(reason).catch(() => {});
  signal.addEventListener("abort", () => cancel(signal.reason), { once: true });
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel,
  });
  const { status, statusText, headers, url, redirected } = response;
  return Object.defineProperties(new Response(body, { status, statusText, headers }), {
    url: { value: url },
    redirected: { value: redirected },
  });
}

async function errorIn(response: Response): Promise<Error | undefined> {
  try {
    const body = (await response.json()) as { error?: { data?: unknown } } | null;
    return fromServer(body?.error?.data);
  } catch {
    return undefined;
  }
}
