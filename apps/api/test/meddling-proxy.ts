import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What becomes of one request on its way. */
export type Meddling =
  | "pass"
  /** The connection breaks before the server sees anything. */
  | "drop request"
  /** The server does it, and the connection breaks before its answer. */
  | "drop answer"
  /** The server does it, and the connection breaks within its answer. */
  | "cut answer"
  /** Nobody ever answers. */
  | "swallow"
  /** As a proxy whose server is away. */
  | "bad gateway"
  /** As our server above its bounds. */
  | "busy";

const BUSY = JSON.stringify({
  error: {
    message: "wait",
    code: -32603,
    data: { sessionError: { code: "busy", message: "wait", details: {} } },
  },
});

/**
 * A proxy between a client and a server, on which nothing can be relied.
 *
 * @param onDropped called between an answer of the server and the break of the connection.
 */
export async function openMeddlingProxy(
  port: number,
  meddle: (path: string) => Meddling,
  onDropped: () => Promise<unknown> = async () => {},
) {
  const seen: { path: string; body: string; fate: Meddling }[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const { method, url = "", headers } = incoming;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const fate = meddle(url);
    seen.push({ path: url.replace("/trpc/", "").replace(/\?.*/, ""), body: body.toString(), fate });
    const breakOff = () => incoming.socket.destroy();
    switch (fate) {
      case "drop request":
        return void breakOff();
      case "swallow":
        return;
      case "bad gateway":
        return void outgoing.writeHead(502, { "content-type": "text/html" }).end("<html>");
      case "busy":
        outgoing.writeHead(503, { "content-type": "application/json", "retry-after": "0" });
        return void outgoing.end(BUSY);
    }
    const onward = request({ port, method, path: url, headers, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("error", breakOff);
      answer.on("end", () => {
        if (fate === "drop answer") return void onDropped().then(breakOff);
        const text = Buffer.concat(parts);
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        if (fate === "pass") return void outgoing.end(text);
        outgoing.write(text.subarray(0, text.length / 2), breakOff);
      });
    });
    onward.on("error", breakOff);
    onward.end(body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
  };
}
