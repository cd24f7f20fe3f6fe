import { invalidInput } from "@thulp-sessions/core";
import type { AppRouter } from "@thulp-sessions/router";
import { createTRPCClient, httpBatchLink, httpLink, splitLink, type TRPCClient } from "@trpc/client";
import { checkedFetch, type Fetch, jsonOnly } from "./checked-fetch.ts";
import { plainJson } from "./plain-json.ts";
import { parseServerUrl } from "./server-url.ts";
import { subscriptionLink } from "./subscription-link.ts";

/** How many queries one request may carry; the server takes twice as many. */
const MAX_BATCH = 50;

export interface ClientOptions {
  /** The root of the server, e.g. `http://127.0.0.1:4664`. */
  readonly url: string;
  /** Sent as a bearer token in the header of every call, and nowhere else. */
  readonly token?: string | undefined;
  /** The global `fetch` when absent. */
  readonly fetch?: Fetch | undefined;
}

/** Every path of the API, typed: `client.sessions.list.query({ limit: 20 })`. */
export type SessionClient = TRPCClient<AppRouter>;

/**
 * A client of a thulp-sessions server, for browsers and Node. Queries of one moment share a request; every mutation has
 * its own, so that none fails or waits with another; subscriptions reconnect and resume by themselves. Calls fail with
 * a `TRPCClientError`, behind which `sessionErrorOf` finds the {@link SessionError}.
 *
 * @throws {SessionError} invalid_input for a URL or token that cannot be one.
 */
export function createClient(options: ClientOptions): SessionClient {
  const server = parseServerUrl(options.url);
  const fetch = checkedFetch(server, checkToken(options.token), options.fetch ?? globalFetch);
  const url = `${server}/trpc`;
  const http = {
    url,
    fetch: jsonOnly(server, fetch) as NonNullable<Parameters<typeof httpLink>[0]["fetch"]>,
    transformer: plainJson,
  };
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: subscriptionLink(server, url, fetch),
        false: splitLink({
          condition: ({ type }) => type === "query",
          // By POST: a filter or a search may be longer than a URL, and what is searched for stays out of logs.
          true: httpBatchLink({ ...http, methodOverride: "POST", maxItems: MAX_BATCH }),
          false: httpLink(http),
        }),
      }),
    ],
  });
}

const globalFetch: Fetch = (input, init) => globalThis.fetch(input, init);

function checkToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw invalidInput("token: expected visible ASCII characters without spaces.", { field: "token" });
}
