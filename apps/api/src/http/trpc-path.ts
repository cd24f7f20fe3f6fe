import type { IncomingMessage } from "node:http";
import { type ApiContext, appRouter } from "@thulp-sessions/router";
import { resolveResponse } from "@trpc/server/http";
import { RETRY_AFTER_S } from "../limits/admission-control.ts";

/** How many calls one request may hold. */
const MAX_BATCH = 100;

/** What of a request's headers is tRPC's business. */
const PASSED_HEADERS = ["accept", "content-type", "last-event-id", "trpc-accept"] as const;

export interface StockCall {
  readonly request: IncomingMessage;
  readonly url: URL;
  /** Encoded, as it stands in the URL behind the prefix. */
  readonly path: string;
  readonly body: string | null;
  readonly ctx: ApiContext;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown, path: string | undefined) => void;
}

/**
 * Has tRPC itself answer a request: batches, subscriptions, and whatever is wrong in a way that it has words
 * for.
 */
export function answerStockCall(call: StockCall): Promise<Response> {
  const { request, url, path, body, ctx, signal, onError } = call;
  return resolveResponse({
    req: new Request(url, {
      method: request.method ?? "GET",
      headers: passedHeaders(request),
      body,
      signal,
    }),
    path,
    error: null,
    router: appRouter,
    createContext: async () => ctx,
    // Queries may be too long for a URL. A mutation is never run by a GET.
    allowMethodOverride: true,
    maxBatchSize: MAX_BATCH,
    onError: ({ error, path: failed }) => onError(error, failed),
    responseMeta: ({ errors }) =>
      errors.some(isPassing) ? { headers: new Headers({ "retry-after": `${RETRY_AFTER_S}` }) } : {},
  });
}

/** True for an error that another try may not meet. */
export function isPassing({ code }: { readonly code: string }): boolean {
  return code === "SERVICE_UNAVAILABLE";
}

function passedHeaders({ headers }: IncomingMessage): Headers {
  const passed = new Headers();
  for (const name of PASSED_HEADERS) {
    const value = headers[name];
    if (typeof value === "string") passed.set(name, value);
  }
  return passed;
}
