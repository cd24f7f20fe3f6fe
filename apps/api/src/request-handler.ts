import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isSessionError } from "@thulp-sessions/core";
import {
  type ApiContext,
  answerSingleCall,
  failureOf,
  procedureAt,
  Refusal,
  type SingleCall,
} from "@thulp-sessions/router";
import type { Access } from "./access.ts";
import { allowOrigin, sendPreflight } from "./cors.ts";
import { directCall } from "./direct-call.ts";
import { sendError } from "./error-response.ts";
import type { StoreHealth } from "./health.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { OpenStreams } from "./open-streams.ts";
import { readBody } from "./request-body.ts";
import { isEventStream, sendJson, sendResponse, sendText } from "./send-response.ts";
import { answerStockCall, isPassing } from "./stock-call.ts";
import { type Pass, RETRY_AFTER_S, type WriteGate } from "./write-gate.ts";

/** Where the API begins; clients are given the server's root and add it themselves. */
const PREFIX = "/trpc/";

export interface HandlerOptions {
  /** What every call gets. */
  readonly context: ApiContext;
  readonly access: Access;
  readonly health: StoreHealth;
  readonly metrics: Metrics;
  readonly gate: WriteGate;
  readonly streams: OpenStreams;
  readonly logger: Logger;
  readonly maxBodyBytes: number;
}

/** A request on its way. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** The path, encoded, without what follows it. */
  readonly path: string;
  /** What follows the path's question mark. */
  readonly query: string | null;
}

/** From a request of `node:http` to its answer. */
export class RequestHandler {
  readonly #options: HandlerOptions;
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
    if (this.#options.logger.isLevelEnabled("debug")) this.#logWhenDone(request, response, requestId);
    this.#answer(request, response, requestId).catch((cause) => {
      // The caller has gone away: nobody is there to be told, and nothing is wrong here.
      if (response.closed) return;
      if (isSessionError(cause, "busy")) response.setHeader("retry-after", RETRY_AFTER_S);
      sendError(response, cause, requestId);
      this.#options.metrics.refused(failureOf(cause).status);
      this.#report(cause, undefined, requestId);
    });
  };

  /** From now on the connections are closed as they are answered, and the subscriptions end. */
  stop(): void {
    this.#stopping = true;
    this.#options.streams.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const { access } = this.#options;
    const { method = "", headers } = request;
    allowOrigin(response, access.checkSite(headers));
    const exchange = { request, response, requestId, ...splitTarget(request.url ?? "") };
    if (method === "OPTIONS") return sendPreflight(request, response);
    if (exchange.path.startsWith(PREFIX)) {
      allowMethods(response, method, ["GET", "POST"]);
      access.checkToken(headers);
      if (method === "POST") checkJson(headers["content-type"]);
      return this.#call({ ...exchange, path: exchange.path.slice(PREFIX.length) });
    }
    if (exchange.path === "/health") return this.#sendHealth(exchange);
    if (exchange.path === "/metrics") return this.#sendMetrics(exchange);
    throw new Refusal(
      404,
      `There is nothing at this path: the API is at ${PREFIX}, e.g. ${PREFIX}server.info.`,
    );
  }

  async #call(exchange: Exchange): Promise<void> {
    const { request, path, query } = exchange;
    const { gate, maxBodyBytes } = this.#options;
    const parameters = query === null ? null : new URLSearchParams(query);
    const direct = directCall(request, path, parameters);
    const pass = gate.enter(direct ? writesOf(direct) : writesIn(path, parameters), request);
    try {
      const body = request.method === "POST" ? await readBody(request, maxBodyBytes, pass) : null;
      if (direct) {
        const input = body ?? parameters?.get("input") ?? null;
        await this.#callDirectly(exchange, { ...direct, input, ctx: this.#contextOf(exchange) });
      } else await this.#callStock(exchange, body, pass);
    } finally {
      pass.leave();
    }
  }

  async #callDirectly({ response, path, requestId }: Exchange, call: SingleCall): Promise<void> {
    const { status, body, error } = await answerSingleCall(call);
    if (error) {
      this.#report(error, path, requestId);
      if (isPassing(error)) response.setHeader("retry-after", RETRY_AFTER_S);
    }
    response.appendHeader("vary", "trpc-accept, accept");
    sendJson(response, status, body);
  }

  async #callStock(exchange: Exchange, body: string | null, pass: Pass): Promise<void> {
    const { request, response, requestId, path, query } = exchange;
    const isSubscription = procedureAt(path)?._def.type === "subscription";
    const stream = isSubscription ? this.#options.streams.enter(path, request.socket) : null;
    try {
      const abort = stream?.abort ?? new AbortController();
      response.once("close", () => abort.abort());
      const answer = await answerStockCall({
        request,
        url: new URL(`http://server${PREFIX}${path}${query === null ? "" : `?${query}`}`),
        path,
        body,
        ctx: this.#contextOf(exchange),
        signal: abort.signal,
        onError: (error, failed) => this.#report(error, failed, requestId),
      });
      // A stream has no end: what its request took up is free again.
      if (isEventStream(answer)) pass.leave();
      await sendResponse(response, answer);
    } finally {
      stream?.leave();
    }
  }

  #contextOf({ request, requestId }: Exchange): ApiContext {
    const { traceparent } = request.headers;
    return {
      ...this.#options.context,
      requestId,
      traceparent: typeof traceparent === "string" ? traceparent : undefined,
    };
  }

  async #sendHealth({ request, response }: Exchange): Promise<void> {
    allowMethods(response, request.method ?? "", ["GET", "HEAD"]);
    const healthy = await this.#options.health.isHealthy();
    sendJson(response, healthy ? 200 : 503, JSON.stringify({ status: healthy ? "ok" : "unavailable" }));
  }

  async #sendMetrics({ request, response }: Exchange): Promise<void> {
    const { access, metrics } = this.#options;
    allowMethods(response, request.method ?? "", ["GET", "HEAD"]);
    access.checkToken(request.headers);
    sendText(response, 200, metrics.contentType, await metrics.text());
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

  /** Without what follows the path: inputs may stand there. */
  #logWhenDone(request: IncomingMessage, response: ServerResponse, requestId: string): void {
    const start = performance.now();
    response.once("close", () => {
      const { method, url = "" } = request;
      this.#options.logger.debug(
        {
          requestId,
          method,
          path: url.split("?", 1)[0]?.slice(0, 200),
          status: response.statusCode,
          ms: Math.round((performance.now() - start) * 1000) / 1000,
          whole: response.writableFinished,
        },
        "request",
      );
    });
  }
}

function splitTarget(target: string): { path: string; query: string | null } {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? null : target.slice(mark + 1);
  // Most are as plain as that, and need no parser.
  if (/^\/(?:trpc\/)?[A-Za-z0-9.]+$/.test(path) && !path.includes("..") && !query?.includes("#")) {
    return { path, query };
  }
  const text = `http://server${target}`;
  if (!target.startsWith("/") || !URL.canParse(text)) {
    throw new Refusal(400, "The request's target is not a path.");
  }
  const { pathname, search } = new URL(text);
  return { path: pathname, query: search === "" ? null : search.slice(1) };
}

function writesOf({ procedure }: Pick<SingleCall, "procedure">): number {
  return procedure._def.type === "mutation" ? 1 : 0;
}

/** How many writes a request of tRPC's holds, as far as its path tells. */
function writesIn(path: string, parameters: URLSearchParams | null): number {
  const paths = parameters?.get("batch") === "1" ? path.split(",") : [path];
  return paths.filter((each) => procedureAt(each)?._def.type === "mutation").length;
}

function allowMethods(response: ServerResponse, method: string, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  response.setHeader("allow", allowed.join(", "));
  throw new Refusal(405, `${method} is not supported here: use ${allowed.join(" or ")}.`);
}

/** A form on a foreign page can send other types without asking; JSON it cannot. */
function checkJson(contentType = ""): void {
  if (contentType === "application/json") return;
  if (contentType.split(";", 1)[0]?.trim().toLowerCase() === "application/json") return;
  throw new Refusal(415, "The body of a POST is JSON: send it as content-type application/json.");
}
