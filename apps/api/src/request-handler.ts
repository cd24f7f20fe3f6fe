import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { SessionError, type SessionManager } from "@thulp-sessions/core";
import { appRouter, failureOf, Refusal, type ServerFacts } from "@thulp-sessions/router";
import { resolveResponse } from "@trpc/server/http";
import type { Access } from "./access.ts";
import { allowOrigin, sendPreflight } from "./cors.ts";
import { sendError } from "./error-response.ts";
import { sendHealth } from "./health.ts";
import type { Logger } from "./log.ts";
import { readBody } from "./request-body.ts";
import { isEventStream, sendResponse } from "./send-response.ts";

/** Where the API begins; clients are given the server's root and add it themselves. */
const PREFIX = "/trpc/";

/** How many calls one request may hold. */
const MAX_BATCH = 100;

/** What of a request's headers is tRPC's business. */
const PASSED_HEADERS = ["accept", "content-type", "last-event-id", "trpc-accept"] as const;

export interface HandlerOptions {
  readonly manager: SessionManager;
  readonly info: ServerFacts;
  readonly access: Access;
  readonly logger: Logger;
  readonly maxBodyBytes: number;
}

/** From a request of `node:http` to its answer. */
export class RequestHandler {
  readonly #options: HandlerOptions;
  /** The subscriptions under way: they have no end of their own, so stopping ends them. */
  readonly #subscriptions = new Set<AbortController>();
  #stopping = false;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const requestId = randomUUID();
    response.setHeader("x-request-id", requestId);
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("cache-control", "no-store");
    if (this.#stopping) response.setHeader("connection", "close");
    this.#answer(request, response, requestId).catch((cause) => {
      // The caller has gone away: nobody is there to be told, and nothing is wrong here.
      if (response.closed) return;
      sendError(response, cause, requestId);
      this.#report(cause, undefined, requestId);
    });
  };

  /** Ends the subscriptions without saying that they are over: their clients come back when the server does. */
  stop(): void {
    this.#stopping = true;
    for (const subscription of this.#subscriptions) subscription.abort();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const { access, manager } = this.#options;
    const { method = "", headers } = request;
    allowOrigin(response, access.checkSite(headers));
    const url = parseUrl(request.url ?? "");
    if (method === "OPTIONS") return sendPreflight(request, response);
    if (url.pathname === "/health") {
      allowMethods(response, method, ["GET", "HEAD"]);
      return sendHealth(response, manager.store);
    }
    if (!url.pathname.startsWith(PREFIX)) {
      throw new Refusal(
        404,
        `There is nothing at this path: the API is at ${PREFIX}, e.g. ${PREFIX}server.info.`,
      );
    }
    allowMethods(response, method, ["GET", "POST"]);
    access.checkToken(headers);
    if (method === "POST") checkJson(headers["content-type"]);
    return this.#call(request, response, url, requestId);
  }

  async #call(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    requestId: string,
  ): Promise<void> {
    const { manager, info, maxBodyBytes } = this.#options;
    const body = request.method === "POST" ? await readBody(request, maxBodyBytes) : null;
    const abort = new AbortController();
    response.once("close", () => abort.abort());
    const answer = await resolveResponse({
      req: new Request(url, {
        method: request.method ?? "GET",
        headers: passedHeaders(request),
        body,
        signal: abort.signal,
      }),
      path: url.pathname.slice(PREFIX.length),
      error: null,
      router: appRouter,
      createContext: async () => ({ manager, info, requestId }),
      // Queries may be too long for a URL. A mutation is never run by a GET.
      allowMethodOverride: true,
      maxBatchSize: MAX_BATCH,
      onError: ({ error, path }) => this.#report(error, path, requestId),
      responseMeta: ({ errors }) =>
        errors.some(({ code }) => code === "SERVICE_UNAVAILABLE")
          ? { headers: new Headers({ "retry-after": "1" }) }
          : {},
    });
    if (!isEventStream(answer)) return sendResponse(response, answer);
    if (this.#stopping) {
      await answer.body?.cancel();
      throw stoppingError();
    }
    this.#subscriptions.add(abort);
    try {
      await sendResponse(response, answer);
    } finally {
      this.#subscriptions.delete(abort);
    }
  }

  /** Logs what is the server's own failure; what a caller did wrong, the caller is told. */
  #report(error: unknown, path: string | undefined, requestId: string): void {
    const { status, cause } = failureOf(error);
    const { logger } = this.#options;
    if (status === 500) logger.error({ requestId, path, status, err: cause }, "call failed");
    else if (status > 500 && !this.#stopping) {
      logger.warn({ requestId, path, status, reason: cause.message }, "call refused");
    }
  }
}

function parseUrl(target: string): URL {
  const text = `http://server${target}`;
  if (target.startsWith("/") && URL.canParse(text)) return new URL(text);
  throw new Refusal(400, "The request's target is not a path.");
}

function allowMethods(response: ServerResponse, method: string, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  response.setHeader("allow", allowed.join(", "));
  throw new Refusal(405, `${method} is not supported here: use ${allowed.join(" or ")}.`);
}

/** A form on a foreign page can send other types without asking; JSON it cannot. */
function checkJson(contentType = ""): void {
  if (contentType.split(";", 1)[0]?.trim().toLowerCase() === "application/json") return;
  throw new Refusal(415, "The body of a POST is JSON: send it as content-type application/json.");
}

function passedHeaders({ headers }: IncomingMessage): Headers {
  const passed = new Headers();
  for (const name of PASSED_HEADERS) {
    const value = headers[name];
    if (typeof value === "string") passed.set(name, value);
  }
  return passed;
}

function stoppingError(): SessionError {
  return new SessionError("closed", "The server is stopping. Try again when it is back.");
}
