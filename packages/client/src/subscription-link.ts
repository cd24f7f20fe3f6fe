import type { AppRouter } from "@thulp-sessions/router";
import { httpSubscriptionLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import { EventSource } from "eventsource";
import type { Fetch } from "./checked-fetch.ts";
import { plainJson } from "./plain-json.ts";
import { SubscriptionFetch } from "./subscription-fetch.ts";

/**
 * Subscriptions over server-sent events with `fetch`, in browsers and in Node alike, because the browser's
 * own EventSource cannot send a header and a token must not stand in a URL.
 */
export function subscriptionLink(
  server: string,
  url: string,
  fetch: Fetch,
  maxEventBytes: number,
): TRPCLink<AppRouter> {
  return (runtime) => (call) =>
    observable((observer) => {
      const connection = new SubscriptionFetch(server, fetch, maxEventBytes);
      const link = httpSubscriptionLink<AppRouter, typeof EventSource>({
        url,
        transformer: plainJson,
        EventSource,
        eventSourceOptions: { fetch: (input, init) => connection.fetch(input, init as RequestInit) },
      })(runtime);
      // The EventSource reports a status at most; the connection has the server's error.
      const withReason = <E>(error: E): E | TRPCClientError<AppRouter> =>
        connection.failure ? TRPCClientError.from<AppRouter>(connection.failure) : error;
      return link(call).subscribe({
        next(value) {
          const { result } = value;
          observer.next(
            result.type === "state" && result.state === "connecting" && result.error
              ? { ...value, result: { ...result, error: withReason(result.error) } }
              : value,
          );
        },
        error: (error) => observer.error(withReason(error)),
        complete: () => observer.complete(),
      });
    });
}
