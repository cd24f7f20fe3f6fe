import { invalidInput } from "@thulp-sessions/core/store";
import type { AppRouter } from "@thulp-sessions/router";
import { createTRPCClient, httpBatchLink, httpLink, splitLink, type TRPCClient } from "@trpc/client";
import { checkedFetch, type Fetch, wholeJson } from "./checked-fetch.ts";
import { plainJson } from "./plain-json.ts";
import { retryLink } from "./retry-link.ts";
import { parseServerUrl } from "./server-url.ts";
import { subscriptionLink } from "./subscription-link.ts";

/** How many queries one request may carry; the server takes twice as many. */
const MAX_BATCH = 50;

/** What answers with contents: many of these together could be larger than an answer may be. */
const LARGE = ["sessions.get", "entries.list", "entries.get"];
const MAX_LARGE_BATCH = 8;
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

const RETRY_FOR_MS = 10_000;
const TIMEOUT_MS = 60_000;

/** How to reach a server. */
export interface ClientOptions {
  /** The root of the server, e.g. `http://127.0.0.1:4664`. */
  readonly url: string;
  /** Sent as a bearer token in the header of every call, and nowhere else. */
  readonly token?: string | undefined;
  /** The global `fetch` when absent. */
  readonly fetch?: Fetch | undefined;
  /**
   * For how long idempotent calls are retried while the server cannot be reached or is busy, in milliseconds;
   * 10,000 when absent, 0 for not at all. Idempotent are queries, appends, creations, deletions and changes
   * of nothing but the status; those that may have been carried out are sent again only where that cannot
   * undo what others have done since.
   */
  readonly retryForMs?: number | undefined;
  /** How long one attempt may take, in milliseconds; 60,000 when absent. */
  readonly timeoutMs?: number | undefined;
  /**
   * How many bytes one answer may have, unpacked; 256 MiB when absent. Pages have some 8 MiB at most, however
   * large the sessions are.
   */
  readonly maxAnswerBytes?: number | undefined;
}

/** The longest delay of a timer. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** Every path of the API, typed: `client.sessions.list.query({ limit: 20 })`. */
export type SessionClient = TRPCClient<AppRouter>;

/**
 * A client of a thulp-sessions server, for browsers and Node. Queries of the same moment share a request;
 * every mutation has its own, so that none fails or waits with another; subscriptions reconnect and resume by
 * themselves. Calls fail with a `TRPCClientError`; `sessionErrorOf` gives the `SessionError` in it. Appends
 * and creations get their ids here, so that they are idempotent and can be retried while the server is away
 * or busy. When the answer to a call that may have been carried out is lost, `details.outcome` of the error
 * is `unknown`.
 *
 * @throws {SessionError} invalid_input for a URL or token that cannot be one.
 */
export function createClient(options: ClientOptions): SessionClient {
  const server = parseServerUrl(options.url);
  const fetch = checkedFetch(server, checkToken(options.token), options.fetch ?? globalFetch);
  const url = `${server}/trpc`;
  const { retryForMs = RETRY_FOR_MS, timeoutMs = TIMEOUT_MS, maxAnswerBytes = MAX_ANSWER_BYTES } = options;
  const bounds = {
    timeoutMs: checkDuration("timeoutMs", timeoutMs),
    maxAnswerBytes: checkBytes(maxAnswerBytes),
  };
  const http = {
    url,
    fetch: wholeJson(server, bounds, fetch) as NonNullable<Parameters<typeof httpLink>[0]["fetch"]>,
    transformer: plainJson,
  };
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: subscriptionLink(server, url, fetch, bounds.maxAnswerBytes),
        false: [
          retryLink(checkDuration("retryForMs", retryForMs)),
          splitLink({
            condition: ({ type }) => type === "query",
            // By POST: a filter may be longer than a URL, and the text of a search stays out of access logs.
            true: splitLink({
              condition: ({ path }) => LARGE.includes(path),
              true: httpBatchLink({ ...http, methodOverride: "POST", maxItems: MAX_LARGE_BATCH }),
              false: httpBatchLink({ ...http, methodOverride: "POST", maxItems: MAX_BATCH }),
            }),
            false: httpLink(http),
          }),
        ],
      }),
    ],
  });
}

const globalFetch: Fetch = (input, init) => globalThis.fetch(input, init);

function checkToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw invalidInput("token: expected visible ASCII characters without spaces.", { field: "token" });
}

function checkBytes(bytes: number): number {
  if (bytes >= 1) return bytes;
  throw invalidInput("maxAnswerBytes: expected a number of bytes from 1.", { field: "maxAnswerBytes" });
}

function checkDuration(name: "retryForMs" | "timeoutMs", ms: number): number {
  if (ms >= 0 && ms <= MAX_DURATION_MS) return ms;
  throw invalidInput(`${name}: expected milliseconds from 0 to ${MAX_DURATION_MS}.`, { field: name });
}
