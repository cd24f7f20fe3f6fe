import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";

/** Stands before a server and counts how often a client has to wait for it. */
export interface CountingProxy {
  /** A URL of the server, through the proxy. */
  through(url: string): string;
  /** How often so far a client has sent something after it had an answer, over all connections. */
  roundTrips(): number;
  close(): Promise<void>;
}

/** @param folder of the server's socket. */
export async function countingProxy(folder: string): Promise<CountingProxy> {
  let count = 0;
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((client) => {
    const upstream = connect(join(folder, ".s.PGSQL.5432"));
    let isAnswered = true;
    for (const each of [client, upstream]) {
      sockets.add(each);
      each.on("error", () => {});
      each.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (data) => {
      if (isAnswered) count++;
      isAnswered = false;
      upstream.write(data);
    });
    upstream.on("data", (data) => {
      isAnswered = true;
      client.write(data);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    through: (url) => url.replace(/@[^/]*\//, `@127.0.0.1:${port}/`),
    roundTrips: () => count,
    async close() {
      for (const each of sockets) each.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
