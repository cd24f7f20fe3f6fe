import { isSessionError, SessionError } from "@thulp-sessions/core";
import { wrongAnswer } from "./answers.ts";
import { ConnectionError } from "./connection-error.ts";
import { isAbort } from "./session-error.ts";

/** The signature of the global `fetch`. */
export type Fetch = typeof globalThis.fetch;

/** What a proxy answers when it cannot reach its server. */
const PROXY_STATUSES = [502, 503, 504];

/** `fetch` with the token, whose failures say which server could not be reached and why. */
export function checkedFetch(server: string, token: string | undefined, fetch: Fetch): Fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    try {
      // A redirect would send the call, and within one origin the token, to a URL that was not configured.
      const response = await fetch(input, { ...init, headers, redirect: "manual" });
      if (!isRedirect(response)) return response;
      await response.body?.cancel();
      throw wrongAnswer(server, "it redirects to another URL, which is not followed");
    } catch (error) {
      if (isAbort(error) || isSessionError(error)) throw error;
      throw new ConnectionError(`Cannot reach the server ${server}: ${reasonOf(error)}.`, { cause: error });
    }
  };
}

/**
 * `fetch` that gives a complete JSON answer within a time. What is not JSON comes from something other than
 * the API: a proxy, or another server.
 */
export function wholeJson(
  server: string,
  { timeoutMs, maxAnswerBytes }: { readonly timeoutMs: number; readonly maxAnswerBytes: number },
  fetch: Fetch,
): Fetch {
  return (input, init) =>
    within(server, timeoutMs, init?.signal, async (signal) => {
      const response = await fetch(input, { ...init, signal });
      const type = response.headers.get("content-type") ?? "";
      if (!type.startsWith("application/json")) {
        await response.body?.cancel();
        throw notTheApi(server, response);
      }
      const { status, statusText, headers } = response;
      const text = await boundedText(server, response, maxAnswerBytes).catch((error) => {
        if (isAbort(error) || isSessionError(error)) throw error;
        throw new ConnectionError(`${server} was lost before its answer was complete: ${reasonOf(error)}.`, {
          cause: error,
        });
      });
      return new Response(text, { status, statusText, headers });
    });
}

/** Browsers tell no more of a redirect than that it is one. */
function isRedirect({ type, status }: Response): boolean {
  return type === "opaqueredirect" || (status >= 300 && status < 400 && status !== 304);
}

/** The bytes are counted as they come out of a compressed answer. */
async function boundedText(server: string, response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return response.text();
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      reader.cancel().catch(() => {});
      throw wrongAnswer(server, `its answer has more than ${maxBytes} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

export function notTheApi(server: string, response: Response): SessionError {
  const message = `${server} answered with status ${response.status} and not as a thulp-sessions server does. Check the URL.`;
  return PROXY_STATUSES.includes(response.status)
    ? new ConnectionError(message)
    : new SessionError("io", message);
}

/**
 * Does not rely on `fetch` to be aborted: Node's ignores the signal once the garbage collector has run.
 */
async function within<T>(
  server: string,
  timeoutMs: number,
  outer: AbortSignal | null | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onAbort: (() => void) | undefined;
  const ended = new Promise<never>((_, reject) => {
    onAbort = () => {
      controller.abort(outer?.reason);
      reject(outer?.reason);
    };
    timer = setTimeout(() => {
      controller.abort();
      reject(new ConnectionError(`${server} has not answered within ${timeoutMs} ms.`));
    }, timeoutMs);
  });
  if (outer?.aborted) onAbort?.();
  else if (onAbort) outer?.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work(controller.signal), ended]);
  } finally {
    clearTimeout(timer);
    if (onAbort) outer?.removeEventListener("abort", onAbort);
  }
}

/** Node has the reason ("connect ECONNREFUSED ...") in the cause, browsers have none. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}
