import { connect } from "node:net";
import { hostname } from "node:os";
import { gzipSync } from "node:zlib";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, it } from "vitest";
import { Access } from "../src/http/access.ts";
import { startServer } from "../src/index.ts";
import { CHAT, refusal, send, serve } from "./harness.ts";

const JSON_TYPE = { "content-type": "application/json" };
const CREATE = JSON.stringify({ name: "a", sessionType: CHAT });

describe("the Host", () => {
  it("is one of loopback, or the call is refused: another name may have been pointed here", async () => {
    const { url, server } = await serve();
    for (const host of [
      "localhost",
      "LOCALHOST:1",
      "127.0.0.1",
      "127.9.9.9:80",
      "[::1]:4664",
      `localhost:${server.port}`,
    ]) {
      expect((await send(`${url}/health`, { headers: { host } })).status).toBe(200);
    }
    for (const host of [
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "a@localhost",
      "0.0.0.0",
      "[::2]",
      "192.168.0.1",
    ]) {
      for (const path of ["/health", "/trpc/server.info", "/trpc/sessions.watch"]) {
        expect(await send(url + path, { headers: { host } })).toMatchObject(
          refusal(403, "invalid_input", /This server is not/),
        );
      }
    }
  });

  it("may be the one it was told to listen on, or that of an allowed origin", () => {
    const access = new Access({
      host: "Box.lan",
      token: "t",
      allowedOrigins: ["https://agents.example"],
      allowedHosts: [],
    });
    for (const host of ["box.lan:4664", "agents.example", "localhost"]) {
      expect(access.checkSite({ host })).toBeNull();
    }
    expect(() => access.checkSite({ host: "10.0.0.1" })).toThrow("This server is not");
  });

  it("may be any address, and the machine's name, where it listens everywhere", () => {
    for (const wildcard of ["0.0.0.0", "::"]) {
      const access = new Access({ host: wildcard, token: "t", allowedOrigins: [], allowedHosts: [] });
      for (const host of ["10.0.0.1:4664", "[fe80::1]", hostname()])
        expect(access.checkSite({ host })).toBeNull();
      expect(() => access.checkSite({ host: "evil.example" })).toThrow("This server is not");
    }
  });
});

describe("the Host by which others know the server", () => {
  it("may be one that was allowed, whatever its port; the refusal says how", async () => {
    const { url } = await serve({ allowedHosts: ["Sessions", "[::2]"] });
    for (const host of ["sessions:48224", "SESSIONS", "[::2]:1"])
      expect((await send(`${url}/trpc/server.info`, { headers: { host } })).status).toBe(200);
    expect(await send(`${url}/health`, { headers: { host: "sessions.evil.example" } })).toMatchObject(
      refusal(403, "invalid_input", /name that host in --allowed-hosts \(THULP_SESSIONS_ALLOWED_HOSTS\)/),
    );
  });

  it("is said once: of two nobody knows which is meant", async () => {
    const { url } = await serve();
    const { host } = new URL(url);
    for (const hosts of [`Host: ${host}\r\nHost: evil.example`, `hOST: ${host}\r\nHost: ${host}`])
      expect(
        await raw(url, `GET /trpc/server.info HTTP/1.1\r\n${hosts}\r\nConnection: close\r\n\r\n`),
      ).toMatch(/^HTTP\/1\.1 400 [\s\S]*two Host headers/);
  });
});

/** Sends bytes as they are; the answer as it comes. */
function raw(url: string, request: string): Promise<string> {
  const { port, hostname: host } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host }, () => socket.write(request));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("error", reject).on("close", () => resolve(answer));
  });
}

describe("a body in another encoding", () => {
  it("is refused with what to do, and nothing of it is taken", async () => {
    const { url, store } = await serve();
    const create = (headers: Record<string, string>, body: string | Buffer = CREATE) =>
      send(`${url}/trpc/sessions.create`, { method: "POST", headers: { ...JSON_TYPE, ...headers }, body });
    for (const encoding of ["gzip", "deflate", "br", "identity, gzip"]) {
      const answer = await create({ "content-encoding": encoding }, gzipSync(CREATE));
      expect(answer).toMatchObject(refusal(415, "invalid_input", /content-encoding .* is not supported/));
      expect(answer.headers).toMatchObject({ "accept-encoding": "identity" });
    }
    for (const charset of ["utf-16", "iso-8859-1", '"utf-16le"'])
      expect(await create({ "content-type": `application/json; charset=${charset}` })).toMatchObject(
        refusal(415, "invalid_input", /is UTF-8, not/),
      );
    expect(await store.count()).toBe(0);
    const good = { "content-type": 'application/json; charset="UTF-8"', "content-encoding": "identity" };
    expect((await create(good)).status).toBe(200);
  });
});

describe("the Origin", () => {
  it("is the server's own, or the call is refused and nothing is done", async () => {
    const { url, store } = await serve();
    const own = url.replace("http://", "");
    const foreign = [
      "http://evil.example",
      "null",
      "http://localhost:1",
      `https://${own}`,
      "http://127.0.0.1",
    ];
    for (const origin of foreign) {
      const headers = { origin, ...JSON_TYPE };
      const answer = await send(`${url}/trpc/sessions.create`, { method: "POST", headers, body: CREATE });
      expect(answer).toMatchObject(refusal(403, "invalid_input", /The origin .* is not allowed/));
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
      for (const path of ["/health", "/trpc/sessions.watch", "/trpc/sessions.list"]) {
        expect((await send(url + path, { headers: { origin } })).status).toBe(403);
      }
      const preflight = { origin, "access-control-request-method": "POST" };
      expect(
        (await send(`${url}/trpc/sessions.create`, { method: "OPTIONS", headers: preflight })).status,
      ).toBe(403);
    }
    expect(await store.count()).toBe(0);
    const headers = { origin: url, ...JSON_TYPE };
    const answer = await send(`${url}/trpc/sessions.create`, { method: "POST", headers, body: CREATE });
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("may be one that was allowed, which may then read every answer", async () => {
    const origin = "http://localhost:3000";
    const { url } = await serve({ allowedOrigins: [origin], token: "t" });
    const preflight = await send(`${url}/trpc/sessions.create`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-private-network": "true",
      },
    });
    expect(preflight).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "authorization, content-type, last-event-id, trpc-accept",
        "access-control-allow-private-network": "true",
        vary: "origin",
      },
    });
    const refused = await send(`${url}/trpc/server.info`, { headers: { origin } });
    expect(refused).toMatchObject({ status: 401, headers: { "access-control-allow-origin": origin } });
    const answer = await send(`${url}/trpc/server.info`, { headers: { origin, authorization: "Bearer t" } });
    expect(answer).toMatchObject({ status: 200, headers: { "access-control-allow-origin": origin } });
    expect((await send(`${url}/trpc/server.info`, { headers: { origin: `${origin}0` } })).status).toBe(403);
  });

  it("may be missing, unless the browser says that another site is calling", async () => {
    const { url } = await serve();
    const status = async (site: string) =>
      (await send(`${url}/trpc/server.info`, { headers: { "sec-fetch-site": site } })).status;
    expect(await status("same-origin")).toBe(200);
    expect(await status("none")).toBe(200);
    expect(await status("cross-site")).toBe(403);
    expect(await status("same-site")).toBe(403);
  });
});

describe("a mutation", () => {
  it("is never run by a GET, nor with a body that a form could send", async () => {
    const { url, store } = await serve();
    const input = encodeURIComponent(CREATE);
    expect(await send(`${url}/trpc/sessions.create?input=${input}`)).toMatchObject({
      ...refusal(405, "invalid_input", /Unsupported GET/),
      headers: { allow: "POST" },
    });
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/octet-stream",
      "",
      "text/plain; application/json",
    ]) {
      const headers = type === "" ? {} : { "content-type": type };
      expect(
        await send(`${url}/trpc/sessions.create`, { method: "POST", headers, body: CREATE }),
      ).toMatchObject(refusal(415, "invalid_input", /application\/json/));
    }
    expect(await store.count()).toBe(0);
    const headers = { "content-type": "Application/JSON; charset=utf-8" };
    expect(
      (await send(`${url}/trpc/sessions.create`, { method: "POST", headers, body: CREATE })).status,
    ).toBe(200);
  });
});

describe("the token", () => {
  it("is asked for on every path but that of the probes", async () => {
    const { url } = await serve({ token: "s3cret" });
    expect((await send(`${url}/health`)).json).toEqual({ status: "ok" });
    for (const path of [
      "server.info",
      "sessions.list",
      "sessions.watch",
      "sessions.create",
      "no.such.path",
    ]) {
      for (const authorization of [
        undefined,
        "",
        "Bearer",
        "Bearer ",
        "Bearer s3cre",
        "Bearer s3cret2",
        "Basic s3cret",
        "s3cret",
      ]) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await send(`${url}/trpc/${path}`, { headers });
        expect(answer).toMatchObject(refusal(401, "invalid_input", /bearer token/));
        expect(answer.headers["www-authenticate"]).toBe("Bearer");
      }
    }
    const asQuery = await send(`${url}/trpc/server.info?token=s3cret&authorization=Bearer%20s3cret`);
    expect(asQuery.status).toBe(401);
    for (const authorization of ["Bearer s3cret", "bearer  s3cret"]) {
      expect((await send(`${url}/trpc/server.info`, { headers: { authorization } })).status).toBe(200);
    }
  });

  it("is needed beyond loopback", async () => {
    for (const host of ["0.0.0.0", "::", "192.168.1.1", "example.com"]) {
      await expect(startServer({ store: new MemoryStore(), host, port: 0 })).rejects.toMatchObject({
        code: "invalid_input",
        message: expect.stringContaining("give a token too"),
      });
    }
    const { server } = await serve({ host: "0.0.0.0", token: "t" });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect((await send(`${server.url}/trpc/server.info`)).status).toBe(401);
  });
});
