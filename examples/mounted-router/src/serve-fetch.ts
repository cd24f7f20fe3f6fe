import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { incomingMessageToRequest } from "@trpc/server/adapters/node-http";
import { MAX_BODY_BYTES } from "./api.ts";
import { type Host, listen } from "./host.ts";

/** A fetch-style handler on Node, which has none by itself; elsewhere the runtime does this. */
export function serveFetch(handle: (request: Request) => Promise<Response>, port: number): Promise<Host> {
  const server = createServer(async (incoming, outgoing) => {
    try {
      const request = incomingMessageToRequest(incoming, outgoing, { maxBodySize: MAX_BODY_BYTES });
      const response = await handle(request);
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      if (response.body) await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing);
      else outgoing.end();
    } catch (error) {
      // Nobody is there any more, or the answer broke off: then it must not look whole.
      outgoing.destroy(error instanceof Error ? error : undefined);
    }
  });
  return listen(server, port);
}
