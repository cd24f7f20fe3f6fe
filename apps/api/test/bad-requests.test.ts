import { connect } from "node:net";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { CHAT, ID, OTHER_ID, refusal, send, serve, user } from "./harness.ts";

const JSON_TYPE = { "content-type": "application/json" };

function post(url: string, path: string, body: string | Buffer) {
  return send(`${url}/trpc/${path}`, { method: "POST", headers: JSON_TYPE, body });
}

describe("a request that cannot be answered", () => {
  it("gets JSON with a code, whatever is wrong with it", async () => {
    const { url, client } = await serve();
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const cases = [
      [await send(`${url}/`), 404, "unsupported", /the API is at/],
      [await send(`${url}/trpc`), 404, "unsupported", /the API is at/],
      [await send(`${url}/trpc/`), 404, "unsupported", /No procedure/],
      [await send(`${url}/trpc/no.such.path`), 404, "unsupported", /No procedure/],
      [await send(`${url}/trpc/__proto__`), 404, "unsupported", /No procedure/],
      [await send(`${url}/trpc/sessions.constructor`), 404, "unsupported", /No procedure/],
      [await send(`${url}/trpc/%ff`), 400, "invalid_input", /URL-encoding/],
      [await send(`${url}/../../etc/passwd`), 404, "unsupported", /the API is at/],
      [
        await send(`${url}/trpc/sessions.list`, { method: "PUT" }),
        405,
        "invalid_input",
        /PUT is not supported/,
      ],
      [await send(`${url}/trpc/sessions.list`, { method: "DELETE" }), 405, "invalid_input", /GET or POST/],
      [await send(`${url}/health`, { method: "POST" }), 405, "invalid_input", /GET or HEAD/],
      [await post(url, "sessions.create", "{"), 400, "invalid_input", /not valid JSON/],
      [await post(url, "sessions.create", ""), 400, "invalid_input", /input: /],
      [await post(url, "sessions.create", "null"), 400, "invalid_input", /input: /],
      [await post(url, "sessions.create", "[".repeat(100_000)), 400, "invalid_input", /not valid JSON/],
      [
        await post(url, "sessions.create", Buffer.from([0x22, 0xff, 0x22])),
        400,
        "invalid_input",
        /not UTF-8/,
      ],
      [
        await post(url, "sessions.create", '{"name":"a","context":{"n":9007199254740993}}'),
        400,
        "invalid_input",
        /9007199254740993 is beyond what JavaScript holds/,
      ],
      [await send(`${url}/trpc/sessions.get?input=%7B`), 400, "invalid_input", /not valid JSON/],
      [await send(`${url}/trpc/sessions.get?input={"id":"x"}`), 400, "invalid_input", /^id: /],
      [await send(`${url}/trpc/sessions.get?input={"id":"${OTHER_ID}"}`), 404, "not_found", /no session/],
      [
        await send(`${url}/trpc/entries.list?input={"id":"${ID}","cursor":"x"}`),
        400,
        "invalid_input",
        /cursor/,
      ],
    ] as const;
    for (const [answer, status, code, message] of cases) {
      expect(answer).toMatchObject(refusal(status, code, message));
      expect(answer.text).not.toMatch(/node_modules|\.[jt]s:\d/);
      expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("is refused above the limit, declared or not, and the connection goes on", async () => {
    const { url } = await serve();
    const body = JSON.stringify({ name: "x".repeat(33 * 1024 * 1024), sessionType: CHAT });
    const limit = refusal(413, "invalid_input", /larger than 33554432 bytes/);
    expect(await post(url, "sessions.create", body)).toMatchObject(limit);
    const headers = { ...JSON_TYPE, "transfer-encoding": "chunked" };
    expect(await send(`${url}/trpc/sessions.create`, { method: "POST", headers, body })).toMatchObject(limit);

    const answer = await fetch(`${url}/trpc/sessions.create`, { method: "POST", headers: JSON_TYPE, body });
    expect(answer.status).toBe(413);
    await answer.text();
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it("takes an entry of almost 16 MiB", async () => {
    const { client } = await serve();
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const text = "x".repeat(16 * 1024 * 1024 - 500);
    await client.entries.append.mutate({ id: ID, entries: [user(text)] });
    const { items } = await client.entries.list.query({ id: ID });
    // Compared before `expect` sees them: it would print both.
    expect(JSON.stringify(items[0]?.content) === JSON.stringify({ text })).toBe(true);
  });

  it("may not hold too many calls", async () => {
    const { url } = await serve();
    const batch = (n: number) => send(`${url}/trpc/${Array(n).fill("server.info").join(",")}?batch=1`);
    expect((await batch(100)).status).toBe(200);
    expect(await batch(101)).toMatchObject(refusal(400, "invalid_input", /maximum size/));
  });

  it("gets an answer for each call of a batch", async () => {
    const { url } = await serve();
    const answer = await post(url, "sessions.get,server.info?batch=1", JSON.stringify({ 0: { id: ID } }));
    expect(answer).toMatchObject({
      status: 207,
      json: [
        { error: { data: { sessionError: { code: "not_found" } } } },
        { result: { data: { sessionCount: 0 } } },
      ],
    });
  });

  it("that is no HTTP, or whose headers are too large, is answered in words too", async () => {
    const { server, url } = await serve();
    expect(await send(`${url}/trpc/sessions.list?input=${"x".repeat(20_000)}`)).toMatchObject({
      status: 431,
      json: { error: { message: expect.stringContaining("send a long input by POST") } },
    });
    const answer = await new Promise<string>((resolve, reject) => {
      let text = "";
      const socket = connect(server.port, "127.0.0.1", () => socket.write("nonsense\r\n\r\n"));
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("end", () => resolve(text));
      socket.on("error", reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"code":"invalid_input"/s);
  });

  it("without a Host, or with a whole URL as its target", async () => {
    const { server } = await serve();
    for (const [head, expected] of [
      ["GET /health HTTP/1.1\r\nconnection: close\r\n\r\n", /^HTTP\/1\.1 403 .*This server is not/s],
      [
        "GET http://x/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        /^HTTP\/1\.1 400 .*not a path/s,
      ],
    ] as const) {
      const answer = await new Promise<string>((resolve, reject) => {
        let text = "";
        const socket = connect(server.port, "127.0.0.1", () => socket.write(head));
        socket.on("data", (chunk) => {
          text += chunk;
        });
        socket.on("end", () => resolve(text));
        socket.on("error", reject);
      });
      expect(answer).toMatch(expected);
    }
  });
});

describe("a failure of the server's own", () => {
  it("is logged with the request's id, and the caller learns nothing else", async () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    const store = new MemoryStore();
    const { url, client } = await serve({ store, logger, token: "t0ken" });
    await client.sessions.create.mutate({
      id: ID,
      name: "secret name",
      sessionType: CHAT,
      entries: [user("secret text")],
    });
    store.head = () => Promise.reject(new TypeError("inner workings"));
    const headers = { authorization: "Bearer t0ken" };
    const answer = await send(`${url}/trpc/sessions.head?input={"id":"${ID}"}`, { headers });
    expect(answer).toMatchObject(refusal(500, "io", /The server failed on this call/));
    expect(answer.text).not.toContain("inner workings");
    const requestId = answer.headers["x-request-id"] as string;
    expect(answer.text).toContain(requestId);

    const failure = lines.map((line) => JSON.parse(line)).find(({ level }) => level === 50);
    expect(failure).toMatchObject({
      requestId,
      path: "sessions.head",
      status: 500,
      err: { message: "inner workings" },
    });
    await send(`${url}/trpc/server.info`, { headers: { authorization: "Bearer wr0ng" } });
    expect(lines.join("")).not.toMatch(/secret|t0ken|wr0ng/);
  });
});

describe("/health", () => {
  it("says whether the store answers, and nothing else", async () => {
    const store = new MemoryStore();
    const { url } = await serve({ store });
    const answer = await send(`${url}/health`);
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}']);
    expect(await send(`${url}/health`, { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    await store.close();
    const closed = await send(`${url}/health`);
    expect([closed.status, closed.text]).toEqual([503, '{"status":"unavailable"}']);
  });
});
