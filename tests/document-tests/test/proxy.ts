import { once } from "node:events";
import { type AddressInfo, connect, createServer, type NetConnectOpts } from "node:net";
import { onTestFinished } from "vitest";

export interface Proxy {
  readonly port: number;
  /** For HTTP. */
  readonly url: string;
  /** Breaks all connections. */
  cut(): void;
}

/** Goes to the first of the servers that takes a connection; asked again for each. */
export async function startProxy(targets: () => readonly NetConnectOpts[]): Promise<Proxy> {
  const open = new Set<{ destroy(): void }>();
  const proxy = createServer((client) => {
    open.add(client);
    client.on("error", () => {});
    client.once("close", () => open.delete(client));
    const goTo = ([target, ...others]: readonly NetConnectOpts[]) => {
      if (target === undefined) return client.destroy();
      const server = connect(target);
      let isConnected = false;
      server.once("connect", () => {
        isConnected = true;
        client.pipe(server).pipe(client);
      });
      server.on("error", () => (isConnected ? client.destroy() : goTo(others)));
      server.once("close", () => isConnected && client.destroy());
      client.once("close", () => server.destroy());
      return undefined;
    };
    goTo(targets());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const cut = () => {
    for (const each of open) each.destroy();
  };
  onTestFinished(() => {
    proxy.close();
    cut();
  });
  const { port } = proxy.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, cut };
}

/** Where a server is that says its URL. */
export function portOf(url: string): NetConnectOpts {
  return { host: "127.0.0.1", port: Number(new URL(url).port) };
}
