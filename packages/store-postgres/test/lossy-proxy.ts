import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/**
 * What happens to the next piece of data with this part that a client sends.
 * `answer`: it arrives, and the connection breaks before the client gets the answer. `request`: it breaks
 * before anything of it arrives. `half`: in the middle of it.
 */
export type Loss = "answer" | "request" | "half";

export interface LossyProxy {
  /** The same database through the proxy. */
  url(direct: string): string;
  /** Resolves when it has happened. */
  loseNext(loss: Loss, part: string): Promise<void>;
  /** Breaks all connections. */
  cut(): void;
  /** How many pieces of data with this part clients have sent. */
  count(part: string): number;
}

/** Stands between stores and the socket of a server, and breaks connections when it is told to. */
export async function lossyProxy(direct: string): Promise<LossyProxy> {
  const target = new URL(direct);
  const path = `${decodeURIComponent(target.hostname)}/.s.PGSQL.${target.port || 5432}`;
  const sockets = new Set<Socket>();
  const sent: string[] = [];
  let next: { loss: Loss; part: string; done: () => void } | undefined;
  const server = createServer((client) => {
    const upstream = connect(path);
    const both = [client, upstream];
    const close = () => {
      for (const each of both) each.destroy();
    };
    for (const each of both) {
      sockets.add(each);
      each.on("error", () => {});
      each.on("close", () => {
        sockets.delete(each);
        close();
      });
    }
    let isAnswerLost = false;
    client.on("data", (data) => {
      const text = data.toString("latin1");
      sent.push(text);
      if (!next || !text.includes(next.part)) {
        upstream.write(data);
        return;
      }
      const { loss, done } = next;
      next = undefined;
      if (loss === "answer") {
        isAnswerLost = true;
        upstream.write(data);
        upstream.once("data", done);
      } else {
        if (loss === "half") upstream.write(data.subarray(0, data.length >> 1));
        done();
        close();
      }
    });
    upstream.on("data", (data) => {
      if (isAnswerLost) close();
      else client.write(data);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const each of sockets) each.destroy();
  };
  onTestFinished(async () => {
    cut();
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: (url) => url.replace(/@[^/]*\//, `@127.0.0.1:${port}/`),
    loseNext: (loss, part) =>
      new Promise((done) => {
        next = { loss, part, done };
      }),
    cut,
    count: (part) => sent.filter((each) => each.includes(part)).length,
  };
}
