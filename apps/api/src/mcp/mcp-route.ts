import type { SessionManager } from "@thulp-sessions/core";
import type { McpFetchHandler } from "@thulp-sessions/mcp";
import type { Exchange } from "../http/exchange.ts";
import { readBody } from "../http/request-body.ts";
import { allowMethods, checkJsonBody } from "../http/request-checks.ts";
import { sendResponse } from "../http/send-response.ts";
import type { AdmissionControl } from "../limits/admission-control.ts";

/** What of a request's headers is MCP's business. */
const PASSED_HEADERS = ["accept", "content-type", "mcp-protocol-version", "mcp-method", "mcp-name"] as const;

export interface McpRouteOptions {
  readonly manager: SessionManager;
  readonly admission: AdmissionControl;
  readonly maxBodyBytes: number;
  /** Whether agents may write too. */
  readonly writes: boolean;
  readonly onError: (error: Error) => void;
}

/** Answers agents, for whom access was checked. What speaks MCP is loaded with the first of them. */
export class McpRoute {
  readonly path = "/mcp";
  readonly #options: McpRouteOptions;
  readonly #handlers = new Map<"read" | "write", Promise<McpFetchHandler>>();

  constructor(options: McpRouteOptions) {
    this.#options = options;
  }

  /** @throws {HttpError} what is wrong with the request; {SessionError} busy. */
  async answer(exchange: Exchange): Promise<void> {
    const { admission, maxBodyBytes, writes } = this.#options;
    const { request, response } = exchange;
    // Nothing is kept between requests, so there is no stream to open and none to end.
    allowMethods(response, request.method ?? "", ["POST"]);
    checkJsonBody(request, response);
    const mayWrite = writes && exchange.writesRefused === undefined;
    const permit = admission.acquire(mayWrite ? 1 : 0, request);
    try {
      const body = await readBody(request, maxBodyBytes, permit);
      exchange.begin();
      const abort = new AbortController();
      response.once("close", () => abort.abort());
      const handler = await this.#handler(mayWrite ? "write" : "read");
      const answer = await handler.fetch(
        new Request(`http://server${this.path}`, {
          method: "POST",
          headers: passedHeaders(request.headers),
          body,
          signal: abort.signal,
        }),
      );
      await sendResponse(request, response, answer);
    } finally {
      permit.release();
    }
  }

  #handler(use: "read" | "write"): Promise<McpFetchHandler> {
    const handler = this.#handlers.get(use) ?? this.#load(use === "write");
    this.#handlers.set(use, handler);
    return handler;
  }

  async #load(write: boolean): Promise<McpFetchHandler> {
    const { mcpFetchHandler } = await import("@thulp-sessions/mcp");
    const { AGENT_VIEWS } = await import("@thulp-sessions/transcripts/views");
    const { EntryViews } = await import("@thulp-sessions/core/view");
    const { manager, onError } = this.#options;
    return mcpFetchHandler(manager, { write, views: new EntryViews(AGENT_VIEWS), onError });
  }
}

function passedHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const passed = new Headers();
  for (const name of PASSED_HEADERS) {
    const value = headers[name];
    if (typeof value === "string") passed.set(name, value);
  }
  return passed;
}
