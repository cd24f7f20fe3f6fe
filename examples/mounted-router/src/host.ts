import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** How long closing waits for the answers under way, in milliseconds. */
const GRACE_MS = 5000;

export interface Host {
  /** What a client is given. */
  readonly url: string;
  close(): Promise<void>;
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/sessions`;
}

/**
 * Gives what to call when a server is to close, which waits for every connection: event streams never end by
 * themselves, so they are cut (the clients come back and go on where they were); so are connections that were
 * opened in advance and never used, and after a while everything else.
 */
export function letGoOf(server: Server): () => void {
  const streams = new Set<ServerResponse>();
  server.prependListener("request", (request, response) => {
    if (!request.headers.accept?.includes("text/event-stream")) return;
    streams.add(response);
    response.once("close", () => streams.delete(response));
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return () => {
    for (const stream of streams) stream.destroy();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    const impatience = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.once("close", () => clearTimeout(impatience));
  };
}

/** A plain `node:http` server, on loopback. */
export async function listen(server: Server, port: number): Promise<Host> {
  const letGo = letGoOf(server);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: urlOf(server),
    async close() {
      const closed = once(server, "close");
      server.close();
      letGo();
      await closed;
    },
  };
}
