import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { createClient } from "@thulp-sessions/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { CHAT, ID, serve, user } from "./harness.ts";

/** As if all connections from now on came from this address. */
function comeFrom(address: string): void {
  const onSocket = (message: unknown) => {
    const { socket } = message as { readonly socket: object };
    Object.defineProperty(socket, "remoteAddress", { value: address });
  };
  subscribe("net.server.socket", onSocket);
  onTestFinished(() => void unsubscribe("net.server.socket", onSocket));
}

interface Answer {
  readonly encoding: string | undefined;
  readonly bytes: Buffer;
  readonly contentLength: number;
  readonly vary: string | undefined;
}

function get(
  url: string,
  acceptEncoding: string | undefined,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const accept = acceptEncoding === undefined ? {} : { "accept-encoding": acceptEncoding };
    request(url, { headers: { ...headers, ...accept }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          encoding: response.headers["content-encoding"],
          bytes: Buffer.concat(chunks),
          contentLength: Number(response.headers["content-length"]),
          vary: response.headers.vary,
        }),
      );
      response.on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}

async function serveLong() {
  const { url, client } = await serve();
  const long = user("a long text of few words, ".repeat(8_000));
  await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT, entries: [long] });
  const input = (value: object) => encodeURIComponent(JSON.stringify(value));
  return {
    long: `${url}/trpc/entries.list?input=${input({ id: ID })}`,
    // tRPC's own way.
    batch: `${url}/trpc/entries.list,sessions.head?batch=1&input=${input({ 0: { id: ID }, 1: { id: ID } })}`,
    short: `${url}/trpc/sessions.head?input=${input({ id: ID })}`,
    stream: `${url}/trpc/entries.subscribe?input=${input({ id: ID })}`,
    server: url,
  };
}

describe("a long answer", () => {
  it("is compressed for a client on another machine, on both ways through the server", async () => {
    const { long, batch, server } = await serveLong();
    comeFrom("10.1.2.3");
    for (const url of [long, batch]) {
      const plain = await get(url, undefined);
      expect([plain.encoding, plain.contentLength]).toEqual([undefined, plain.bytes.length]);
      for (const accepted of ["gzip", "br, gzip;q=0.5", "deflate, GZIP", "*", "br;q=1, *;q=0.1"]) {
        const answer = await get(url, accepted);
        expect(answer.encoding).toBe("gzip");
        expect(answer.vary).toContain("accept-encoding");
        expect(answer.contentLength).toBe(answer.bytes.length);
        expect(answer.bytes.length).toBeLessThan(plain.bytes.length / 10);
        expect(gunzipSync(answer.bytes)).toEqual(plain.bytes);
      }
      for (const accepted of ["", "br", "gzip;q=0", "gzip;q=0, *", "identity"])
        expect((await get(url, accepted)).encoding).toBeUndefined();
    }
    // The client takes it like every other answer.
    const { items } = await createClient({ url: server }).entries.list.query({ id: ID });
    expect(items[0]?.content).toEqual(user("a long text of few words, ".repeat(8_000)).content);
  });

  it.each(["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.9.9.9"])(
    "is not on loopback: %s",
    async (address) => {
      const { long, batch } = await serveLong();
      comeFrom(address);
      for (const url of [long, batch]) expect((await get(url, "gzip")).encoding).toBeUndefined();
    },
  );

  it("a short one and a stream never are", async () => {
    const { short, stream } = await serveLong();
    comeFrom("10.1.2.3");
    expect((await get(short, "gzip")).encoding).toBeUndefined();
    const leaves = new AbortController();
    const answer = await fetch(stream, { headers: { "accept-encoding": "gzip" }, signal: leaves.signal });
    expect(answer.headers.get("content-encoding")).toBeNull();
    leaves.abort();
  });
});
