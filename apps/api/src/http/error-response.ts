import type { ServerResponse } from "node:http";
import { errorBody, failureOf } from "@thulp-sessions/router";

/**
 * Answers with an error. An answer that has begun is broken off instead, so that nobody takes it for whole.
 */
export function sendError(response: ServerResponse, error: unknown, requestId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status } = failureOf(error);
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  const body = errorBody(error, requestId);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
