import type { Socket } from "node:net";
import { errorBody, HttpError } from "@thulp-sessions/router";

/**
 * Answers what is no HTTP request that a handler could see: broken, too slow, or with headers that are too
 * large.
 */
export function answerClientError(cause: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || cause.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const refusal = refusalFor(cause.code);
  const body = errorBody(refusal);
  const status = cause.code === "HPE_HEADER_OVERFLOW" ? 431 : refusal.status;
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function refusalFor(code: string | undefined): HttpError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new HttpError(400, "The URL and headers are too large: send a long input by POST.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new HttpError(408, "The request took too long to arrive.");
    default:
      return new HttpError(400, "This is not an HTTP request.");
  }
}
