import { SessionError } from "@thulp-sessions/core";
import { isAbort } from "./session-error.ts";

export type Fetch = typeof globalThis.fetch;

/** `fetch` with the token, whose failures say which server could not be reached and why. */
export function checkedFetch(server: string, token: string | undefined, fetch: Fetch): Fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    try {
      // A redirect would carry the call, and within one origin the token, to a place that nobody has named.
      return await fetch(input, { ...init, headers, redirect: "error" });
    } catch (error) {
      if (isAbort(error)) throw error;
      throw new SessionError("io", `Cannot reach the server ${server}: ${reasonOf(error)}.`, {
        cause: error,
      });
    }
  };
}

/** An answer that is not JSON comes from something else than the API: a proxy, or another server. */
export function jsonOnly(server: string, fetch: Fetch): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("application/json")) return response;
    await response.body?.cancel();
    throw notTheApi(server, response);
  };
}

export function notTheApi(server: string, response: Response): SessionError {
  return new SessionError(
    "io",
    `${server} answered with status ${response.status} and not as a thulp-sessions server does. Check the URL.`,
  );
}

/** Node hides the reason ("connect ECONNREFUSED ...") in the cause, browsers tell none. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}
