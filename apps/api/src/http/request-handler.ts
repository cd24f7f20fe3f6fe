// Longer than most files: every way through a request stands here once, in its order.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { isSessionError } from "@thulp-sessions/core";
import {
  AnswerLength,
  type ApiContext,
  answerSingleCall,
  EVENT_STREAM_HEADERS,
  failureOf,
  HttpError,
  procedureAt,
  type SingleCall,
  streamEvents,
} from "@thulp-sessions/router";
import { type AdmissionControl, type Permit, RETRY_AFTER_S } from "../limits/admission-control.ts";
import type { OpenStreams } from "../limits/open-streams.ts";
import { HttpErrorLog } from "../metrics/http-error-log.ts";
import type { Logger } from "../metrics/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { type Access, type Caller, isNavigation, refuseSecondHost } from "./access.ts";
import { encodeBody } from "./compression.ts";
import { sendPreflight } from "./cors.ts";
import { sendError } from "./error-response.ts";
import { Exchange } from "./exchange.ts";
import { fastPath } from "./fast-path.ts";
import type { StoreHealth } from "./health.ts";
import { type Parameters, parametersOf } from "./parameters.ts";
import { readBody } from "./request-body.ts";
import { allowMethods, checkJsonBody } from "./request-checks.ts";
import { ResponseBatcher } from "./response-batcher.ts";
import { isEventStream, sendJson, sendResponse, sendText } from "./send-response.ts";
import { StreamWriter } from "./stream-writer.ts";
import { answerStockCall, isPassing } from "./trpc-path.ts";

/** Where the API begins; clients are given the server's root and add it themselves. */
const PREFIX = "/trpc/";

/** What the page sends with every call, so that a server without a token knows it, too. */
const PAGE_HEADER = "x-thulp-viewer";
const PAGE_READS =
  "The page may only look: start the server with --viewer-writes to let it change sessions. Nothing was done.";

export interface HandlerOptions {
  /** What every call gets. */
  readonly context: ApiContext;
  readonly access: Access;
  readonly health: StoreHealth;
  readonly metrics: Metrics;
  readonly admission: AdmissionControl;
  readonly streams: OpenStreams;
  readonly logger: Logger;
  readonly maxBodyBytes: number;
  /** `null` where agents are not answered. */
  readonly mcp: AgentRoute | null;
  /** Whether pages of the viewer may write. */
  readonly pageWrites: boolean;
  /** `null` where it is left out. */
  readonly viewer: PageRoutes | null;
}

/** The paths of the viewer. */
export interface PageRoutes {
  /** Is there a file of the page at this path, which holds no data? */
  isStatic(path: string): boolean;
  /** @returns false where the path is not the viewer's; then nothing was sent. */
  answer(exchange: Exchange): Promise<boolean>;
}

/** What answers agents at one path, once access was checked. */
interface AgentRoute {
  readonly path: string;
  answer(exchange: Exchange): Promise<void>;
}

/** From a request of `node:http` to its answer. */
export class RequestHandler {
  readonly #options: HandlerOptions;
  readonly #responses = new ResponseBatcher();
  readonly #httpErrors: HttpErrorLog;
  #stopping = false;

  constructor(options: HandlerOptions) {
    this.#options = options;
    this.#httpErrors = new HttpErrorLog(options.logger);
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const exchange = new Exchange(request, response, this.#stopping);
    if (this.#options.logger.isLevelEnabled("debug")) this.#logWhenDone(exchange);
    this.#answer(exchange).catch((cause) => {
      // The caller has gone away: nobody is there to answer, and nothing is wrong here.
      if (response.closed) return;
      if (!response.headersSent) {
        exchange.begin();
        if (isSessionError(cause, "busy")) response.setHeader("retry-after", RETRY_AFTER_S);
      }
      sendError(response, cause, exchange.requestId);
      this.#options.metrics.refused(failureOf(cause).status);
      this.#report(cause, undefined, exchange.requestId);
    });
  };

  /** From now on the connections are closed as they are answered, and the subscriptions end. */
  stop(): void {
    this.#stopping = true;
    this.#options.streams.stop();
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { access, mcp, viewer } = this.#options;
    const { request, response } = exchange;
    const { method = "", headers } = request;
    refuseSecondHost(request.rawHeaders);
    const navigates = isNavigation(request);
    if (navigates) access.checkHost(headers);
    else exchange.origin = access.checkSite(headers);
    const { path } = exchange;
    // A link from anywhere leads to the page, which holds no data, and to nothing else.
    if (navigates && !viewer?.isStatic(path)) exchange.origin = access.checkSite(headers);
    if (path.startsWith(PREFIX) && method !== "OPTIONS") {
      allowMethods(response, method, ["GET", "POST"]);
      exchange.writesRefused = this.#whyReadOnly(access.checkToken(headers), headers);
      if (method === "POST") checkJsonBody(request, response);
      return this.#call(exchange, path.slice(PREFIX.length));
    }
    if (mcp && path === mcp.path && method !== "OPTIONS") {
      exchange.writesRefused = this.#whyReadOnly(access.checkToken(headers), headers);
      return mcp.answer(exchange);
    }
    if (viewer && method !== "OPTIONS" && (await viewer.answer(exchange))) return;
    exchange.begin();
    if (method === "OPTIONS") return sendPreflight(request, response);
    if (path === "/health") return this.#sendHealth(exchange);
    if (path === "/metrics") return this.#sendMetrics(exchange);
    throw new HttpError(
      404,
      `There is nothing at this path: the API is at ${PREFIX}, e.g. ${PREFIX}server.info.`,
    );
  }

  async #call(exchange: Exchange, path: string): Promise<void> {
    const { request, query } = exchange;
    const { admission, maxBodyBytes } = this.#options;
    const parameters = parametersOf(query);
    const direct = fastPath(request, path, parameters);
    const permit = admission.acquire(direct ? writesOf(direct) : writesIn(path, parameters), request);
    try {
      const body = request.method === "POST" ? await readBody(request, maxBodyBytes, permit) : null;
      if (direct) {
        const input = body ?? parameters?.get("input") ?? null;
        const call = { ...direct, input, ctx: this.#contextOf(exchange) };
        if (direct.procedure._def.type !== "subscription") await this.#callDirectly(exchange, call);
        else {
          // A stream has no end: what its request took up is free again.
          permit.release();
          await this.#streamDirectly(exchange, call, parameters);
        }
      } else await this.#trpcPath(exchange, path, body, permit);
    } finally {
      permit.release();
    }
  }

  async #callDirectly(exchange: Exchange, call: SingleCall): Promise<void> {
    const { status, body: text, error } = await answerSingleCall(call);
    const { body, bytes, encoding } = await encodeBody(exchange.request, text);
    const headers = exchange.headers();
    headers.push("vary", "trpc-accept, accept", "content-type", "application/json");
    headers.push("content-length", `${bytes}`);
    if (encoding) headers.push("content-encoding", encoding, "vary", "accept-encoding");
    if (error) {
      this.#report(error, call.path, exchange.requestId);
      if (isPassing(error)) headers.push("retry-after", `${RETRY_AFTER_S}`);
    }
    this.#responses.send({ response: exchange.response, status, headers, body });
  }

  async #streamDirectly(exchange: Exchange, call: SingleCall, parameters: Parameters | null): Promise<void> {
    const { request, response, requestId } = exchange;
    exchange.begin();
    const stream = this.#options.streams.enter(call.path, request.socket);
    try {
      response.once("close", () => stream.abort.abort());
      response.appendHeader("vary", "trpc-accept, accept");
      for (const [name, value] of Object.entries(EVENT_STREAM_HEADERS)) response.setHeader(name, value);
      const writer = new StreamWriter(response);
      writer.begin(true);
      await streamEvents({
        ...call,
        lastEventId: lastEventIdOf(request, parameters),
        signal: stream.abort.signal,
        write: writer.write,
        onError: (error) => this.#report(error, call.path, requestId),
      });
    } finally {
      response.end();
      stream.leave();
    }
  }

  async #trpcPath(exchange: Exchange, path: string, body: string | null, permit: Permit): Promise<void> {
    const { request, response, requestId, query } = exchange;
    exchange.begin();
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
        ctx: { ...this.#contextOf(exchange), answerLength: new AnswerLength() },
        signal: abort.signal,
        onError: (error, failed) => this.#report(error, failed, requestId),
      });
      // A stream has no end: what its request took up is free again.
      if (isEventStream(answer)) permit.release();
      await sendResponse(request, response, answer);
    } finally {
      stream?.leave();
    }
  }

  /** Why this caller may only read; `undefined` for one who may write. */
  #whyReadOnly(caller: Caller, headers: IncomingHttpHeaders): string | undefined {
    if (this.#options.pageWrites) return undefined;
    return caller === "page" || headers[PAGE_HEADER] !== undefined ? PAGE_READS : undefined;
  }

  #contextOf({ request, requestId, writesRefused }: Exchange): ApiContext {
    const { manager, info, counts, hook } = this.#options.context;
    const { traceparent } = request.headers;
    return {
      manager,
      info,
      counts,
      hook,
      requestId,
      writesRefused,
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
    if (access.checkToken(request.headers) === "page")
      throw new HttpError(403, "A page's token is for the API: bring the server's own.");
    const { type, text } = await metrics.text();
    sendText(response, 200, type, text);
  }

  /** Logs what is the server's own failure; what a caller did wrong is in the answer. */
  #report(error: unknown, path: string | undefined, requestId: string): void {
    const { status, cause } = failureOf(error);
    const { logger } = this.#options;
    if (status === 500) logger.error({ requestId, path, status, err: cause }, "call failed");
    else if (status > 500 && !this.#stopping) {
      this.#httpErrors.log({ requestId, path, status, reason: cause.message });
    }
  }

  /** Without what follows the path: inputs may stand there. */
  #logWhenDone({ request, response, requestId }: Exchange): void {
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

/** As tRPC looks for it. */
function lastEventIdOf({ headers }: IncomingMessage, parameters: Parameters | null): string | null {
  const header = headers["last-event-id"];
  if (typeof header === "string") return header;
  return parameters?.get("lastEventId") ?? parameters?.get("Last-Event-Id") ?? null;
}

function writesOf({ procedure }: Pick<SingleCall, "procedure">): number {
  return procedure._def.type === "mutation" ? 1 : 0;
}

/** How many writes a request of tRPC's holds, as far as its path says. */
function writesIn(path: string, parameters: Parameters | null): number {
  const paths = parameters?.get("batch") === "1" ? path.split(",") : [path];
  return paths.filter((each) => procedureAt(each)?._def.type === "mutation").length;
}
