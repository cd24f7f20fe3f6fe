import type { IncomingMessage, ServerResponse } from "node:http";
import { encodeBody } from "./compression.ts";
import { StreamWriter } from "./stream-writer.ts";

export function sendJson(response: ServerResponse, status: number, body: string): void {
  sendText(response, status, "application/json", body);
}

export function sendText(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** Writes an answer of tRPC; one that is a stream as fast as the reader takes it. */
export async function sendResponse(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Response,
): Promise<void> {
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) {
    if (name === "vary") response.appendHeader(name, value);
    else response.setHeader(name, value);
  }
  if (!isStream(answer)) {
    const { body, bytes, encoding } = await encodeBody(request, await answer.text());
    if (encoding) {
      response.setHeader("content-encoding", encoding);
      response.appendHeader("vary", "accept-encoding");
    }
    // tRPC names no type where it refuses a request as a whole.
    response.writeHead(answer.status, { "content-type": "application/json", "content-length": bytes });
    response.end(body);
    return;
  }
  const writer = new StreamWriter(response);
  writer.begin(isEventStream(answer));
  const reader = answer.body?.getReader();
  try {
    while (reader && !response.destroyed) {
      const { done, value } = await reader.read();
      if (done) break;
      await writer.write(value);
    }
  } finally {
    await reader?.cancel();
    response.end();
  }
}

function isStream(answer: Response): boolean {
  return answer.headers.has("transfer-encoding") || isEventStream(answer);
}

export function isEventStream(answer: Response): boolean {
  return answer.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}
