import { createClient, type SessionClient } from "@thulp-sessions/client";
import { VIEWER_HEADER } from "./viewer-header.ts";

/** A call of the page is tried again for so long; then the person is told, and sees when it is tried next. */
const RETRY_FOR_MS = 2000;

/**
 * A client of the server that this page comes from.
 *
 * @param server its root.
 * @param onRefused is called when the server does not take the token.
 */
export function openClient(server: string, token: string | null, onRefused: () => void): SessionClient {
  return createClient({
    url: server,
    token: token ?? undefined,
    retryForMs: RETRY_FOR_MS,
    async fetch(input, init) {
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(VIEWER_HEADER)) headers.set(name, value);
      const response = await fetch(input, { ...init, headers });
      if (response.status === 401) onRefused();
      return response;
    },
  });
}
