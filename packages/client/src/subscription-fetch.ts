import { jittered } from "@thulp-sessions/core/store";
import { type Fetch, notTheApi } from "./checked-fetch.ts";
import { pause } from "./pause.ts";
import { fromServer, isAbort } from "./session-error.ts";

/**
 * How long to wait before the next try after failures in a row, in milliseconds, on top of the EventSource's
 * own wait.
 */
const BACKOFF_MS = [0, 0, 1000, 3000, 10_000, 25_000];

/**
 * `fetch` for one subscription. It remembers why the last try failed, which the EventSource does not tell. An
 * answer that another try may change (5xx, 429) becomes a failed connection, which the EventSource repeats,
 * ever more slowly; any other that is no event stream ends the subscription.
 */
export class SubscriptionFetch {
  /** Why the last try failed; `undefined` while connected. */
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
 * The answer, whose stream ends with the signal. Node's own fetch follows a signal only until the garbage
 * collector comes by: then a subscription that was given up would keep its connection.
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
