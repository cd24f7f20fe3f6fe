import { performance } from "node:perf_hooks";
import type { SessionManager } from "@thulp-sessions/core";
import { type ApiContext, appRouter, errorBody, failureOf, HttpError } from "@thulp-sessions/router";

/** An entry may take 16 MiB, and frameworks allow far less unless they are told. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** What all adapters of tRPC want to know. */
export const API = {
  router: appRouter,
  // The client sends queries by POST, since a filter may be longer than a URL.
  allowMethodOverride: true,
  maxBatchSize: 100,
  onError({ error, path }: { error: Error; path: string | undefined }) {
    const { internal, cause } = failureOf(error);
    // Everything else is the caller's business, and has been told to him.
    if (internal) console.error(`${path} failed:`, cause);
  },
};

const startedAt = Math.round(performance.timeOrigin);

export function contextOf(manager: SessionManager): ApiContext {
  return { manager, info: { name: "my-app", version: "1.0.0", startedAt, durability: null, limits: null } };
}

/**
 * The answer to a caller who is not let in, in the form of the API's own errors: the client reads them all
 * alike.
 */
export function refused(message: string): { status: 401; headers: Record<string, string>; body: string } {
  return {
    status: 401,
    headers: { "content-type": "application/json" },
    body: errorBody(new HttpError(401, message)),
  };
}
