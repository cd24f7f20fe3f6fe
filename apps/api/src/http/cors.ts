import type { IncomingMessage, ServerResponse } from "node:http";

/** How long a browser may remember that it may call, in seconds. */
const PREFLIGHT_MAX_AGE_S = 600;

/** Lets the page of an allowed origin read the answer; names and values by turns. */
export function originHeaders(origin: string | null): readonly string[] {
  if (origin === null) return ["vary", "origin"];
  return [
    "vary",
    "origin",
    "access-control-allow-origin",
    origin,
    "access-control-expose-headers",
    "x-request-id, retry-after",
  ];
}

/** Answers a browser that asks whether it may call. The token comes with the call itself, never with this. */
export function sendPreflight(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("access-control-allow-methods", "GET, POST");
  response.setHeader(
    "access-control-allow-headers",
    "authorization, content-type, last-event-id, trpc-accept",
  );
  response.setHeader("access-control-max-age", PREFLIGHT_MAX_AGE_S);
  if (request.headers["access-control-request-private-network"] === "true") {
    response.setHeader("access-control-allow-private-network", "true");
  }
  response.writeHead(204);
  response.end();
}
