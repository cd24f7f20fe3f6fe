import { MemoryStore } from "@thulp-sessions/core/memory";
import { appRouter } from "@thulp-sessions/router";
import { describe, expect, it } from "vitest";
import { CHAT, type RawRequest, refusal, send, serve } from "./harness.ts";
import { pageFolder } from "./page-folder.ts";

const MAIN = "/assets/main.4f3a9c1b.js";
const STATIC = ["/", "/s/0190a3c5", "/runs", MAIN];
const API = [
  "/trpc/server.info",
  "/trpc/sessions.watch",
  "/viewer/settings",
  "/health",
  "/metrics",
  "/mcp",
  "/none",
];
/** What a browser says of an address that is opened in a tab. */
const TAB = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
const ELSEWHERE = ["cross-site", "same-site"];
const JSON_TYPE = { "content-type": "application/json" };

/** Every procedure that writes, as the router has them. */
const WRITING = Object.entries(
  appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>,
)
  .filter(([, { _def }]) => _def.type === "mutation")
  .map(([path]) => path);
const CREATE = JSON.stringify({ name: "a", sessionType: CHAT });

async function serveWithPage(options: Parameters<typeof serve>[0] = {}) {
  return serve({ viewer: await pageFolder(), ...options });
}

describe("a link from elsewhere", () => {
  it("leads to the page, which holds no data, and to nothing else", async () => {
    const { url } = await serveWithPage();
    for (const site of [...ELSEWHERE, "none", "same-origin"])
      for (const method of ["GET", "HEAD"])
        for (const path of STATIC) {
          const headers = { ...TAB, "sec-fetch-site": site, "sec-fetch-user": "?1" };
          expect((await send(url + path, { method, headers })).status, `${site} ${path}`).toBe(200);
        }
    for (const site of ELSEWHERE)
      for (const path of API) {
        const headers = { ...TAB, "sec-fetch-site": site };
        expect(await send(url + path, { headers })).toMatchObject(
          refusal(403, "invalid_input", /Calls from other web sites/),
        );
      }
  });

  it("is none when a page frames, fetches, includes or prefetches what stands there", async () => {
    const { url } = await serveWithPage();
    const others: Record<string, string>[] = [
      { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
      { "sec-fetch-mode": "navigate", "sec-fetch-dest": "object" },
      { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script" },
      { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
      { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "document" },
      {},
    ];
    for (const other of others)
      for (const site of ELSEWHERE)
        for (const path of [...STATIC, ...API])
          expect((await send(url + path, { headers: { ...other, "sec-fetch-site": site } })).status).toBe(
            403,
          );
  });

  it("is none with another method, or where there is no page", async () => {
    const headers = { ...TAB, "sec-fetch-site": "cross-site" };
    const { url } = await serveWithPage();
    for (const method of ["POST", "PUT", "OPTIONS"])
      expect((await send(`${url}/`, { method, headers })).status).toBe(403);
    const { url: bare } = await serve({ viewer: false });
    expect((await send(`${bare}/`, { headers })).status).toBe(403);
  });
});

describe("a name that was made to point here", () => {
  it("gets no file of the page, no setting and no token, in a tab neither", async () => {
    const { url, server } = await serveWithPage({ token: "t" });
    const [, code = ""] = server.viewer?.newAddress().split("#c=") ?? [];
    for (const host of ["evil.example", "127.0.0.1.nip.io", "localhost.evil.example:4664", "0.0.0.0"]) {
      const same = { host, "sec-fetch-site": "same-origin" };
      for (const headers of [{ host }, same, { ...same, ...TAB }, { ...TAB, host, origin: `http://${host}` }])
        for (const path of [...STATIC, ...API])
          expect(await send(url + path, { headers })).toMatchObject(
            refusal(403, "invalid_input", /This server is not/),
          );
      const body = JSON.stringify({ code });
      const request = { method: "POST", headers: { ...same, ...JSON_TYPE }, body };
      expect((await send(`${url}/viewer/token`, request)).status).toBe(403);
    }
    // It was not used up by those.
    const request = { method: "POST", headers: JSON_TYPE, body: JSON.stringify({ code }) };
    expect((await send(`${url}/viewer/token`, request)).status).toBe(200);
  });
});

describe("another site", () => {
  it("asks neither for settings, nor for a token, nor for a code", async () => {
    const { url } = await serveWithPage({ token: "t" });
    for (const from of [
      { origin: "http://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
    ]) {
      const headers = { ...JSON_TYPE, authorization: "Bearer t", ...from };
      expect((await send(`${url}/viewer/settings`, { headers })).status).toBe(403);
      for (const path of ["/viewer/token", "/viewer/code"])
        expect((await send(url + path, { method: "POST", headers, body: "{}" })).status).toBe(403);
    }
  });

  it("reads no file of the page, where it may call the API neither", async () => {
    const origin = "http://localhost:3000";
    const { url } = await serveWithPage({ allowedOrigins: [origin] });
    const answer = await send(url + MAIN, { headers: { origin } });
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    expect(answer.headers).toHaveProperty("cross-origin-resource-policy", "same-origin");
  });
});

describe("the page without a token", () => {
  it("knows from the settings that it needs none, and may not write", async () => {
    const { url, server } = await serveWithPage();
    expect(server.viewer?.newAddress()).toBe(`${url}/`);
    expect(await send(`${url}/viewer/settings`)).toMatchObject({
      status: 200,
      json: { tokenNeeded: false, writes: false, version: "0.1.0" },
      headers: { "cache-control": "no-store", "content-type": "application/json" },
    });
    const request = { method: "POST", headers: JSON_TYPE, body: '{"code":"x"}' };
    expect(await send(`${url}/viewer/token`, request)).toMatchObject(
      refusal(401, "invalid_input", /wants no token/),
    );
  });

  it("is refused every procedure that writes, however it calls it, and no other", async () => {
    const { url, store } = await serveWithPage();
    await expectReadOnly(url, { "x-thulp-viewer": "1" });
    expect(await store.count()).toBe(0);
    // Not the page: the same call of a program.
    const request = { method: "POST", headers: JSON_TYPE, body: CREATE };
    expect((await send(`${url}/trpc/sessions.create`, request)).status).toBe(200);
  });

  it("may write where the server was started so, unless the store may only be read", async () => {
    const { url } = await serveWithPage({ viewerWrites: true });
    expect((await send(`${url}/viewer/settings`)).json).toMatchObject({ writes: true });
    const headers = { ...JSON_TYPE, "x-thulp-viewer": "1" };
    const request = { method: "POST", headers, body: CREATE };
    expect((await send(`${url}/trpc/sessions.create`, request)).status).toBe(200);
    const store = new MemoryStore({ readOnly: true });
    const { url: other } = await serveWithPage({ viewerWrites: true, store });
    expect((await send(`${other}/viewer/settings`)).json).toMatchObject({ writes: false });
  });
});

describe("a code", () => {
  it("is good once, for a token that reads", async () => {
    const { url, server, client } = await serveWithPage({ token: "main" });
    expect((await send(`${url}/viewer/settings`)).json).toMatchObject({ tokenNeeded: true });
    const address = server.viewer?.newAddress() ?? "";
    expect(address).toMatch(new RegExp(`^${url}/#c=[\\w-]{22}$`));
    const code = address.split("#c=")[1] ?? "";
    const answer = await redeem(url, code);
    expect(answer).toMatchObject({
      status: 200,
      json: { token: expect.stringMatching(/^[\w-]{43}$/), writes: false },
      headers: { "cache-control": "no-store" },
    });
    expect(await redeem(url, code)).toMatchObject(
      refusal(401, "invalid_input", /good once, for ten minutes/),
    );
    const { token } = answer.json as { token: string };
    const authorization = `Bearer ${token}`;
    expect((await send(`${url}/trpc/sessions.list`, { headers: { authorization } })).status).toBe(200);
    await expectReadOnly(url, { authorization });
    expect((await client.sessions.list.query()).items).toEqual([]);
    // The page's token is no key to anything else.
    expect((await send(`${url}/metrics`, { headers: { authorization } })).status).toBe(403);
    const request = { method: "POST", headers: { authorization, ...JSON_TYPE }, body: "{}" };
    expect(await send(`${url}/viewer/code`, request)).toMatchObject(refusal(403, "invalid_input", /own/));
  });

  it("is good for a token that writes where the page may", async () => {
    const { url, server } = await serveWithPage({ token: "main", viewerWrites: true });
    const answer = await redeem(url, server.viewer?.newAddress().split("#c=")[1] ?? "");
    expect(answer.json).toMatchObject({ writes: true });
    const { token } = answer.json as { token: string };
    const headers = { ...JSON_TYPE, authorization: `Bearer ${token}`, "x-thulp-viewer": "1" };
    const request = { method: "POST", headers, body: CREATE };
    expect((await send(`${url}/trpc/sessions.create`, request)).status).toBe(200);
  });

  it("is asked for with the server's token, and with nothing else", async () => {
    const { url } = await serveWithPage({ token: "main" });
    const ask = (authorization?: string) => {
      const headers: Record<string, string> = authorization ? { authorization, ...JSON_TYPE } : JSON_TYPE;
      return send(`${url}/viewer/code`, { method: "POST", headers, body: "{}" });
    };
    expect((await ask()).status).toBe(401);
    expect((await ask("Bearer other")).status).toBe(401);
    const answer = await ask("Bearer main");
    expect(answer).toMatchObject({ status: 200, json: { expiresInMs: 600_000, built: true } });
    const { code } = answer.json as { code: string };
    expect((await redeem(url, code)).status).toBe(200);
    const { url: open } = await serveWithPage();
    const request = { method: "POST", headers: JSON_TYPE, body: "{}" };
    expect((await send(`${open}/viewer/code`, request)).json).toMatchObject({ code: null });
  });

  it("of another kind is refused in words", async () => {
    const { url } = await serveWithPage({ token: "main" });
    for (const code of ["", "x", "main", "a".repeat(22)])
      expect(await redeem(url, code)).toMatchObject(refusal(401, "invalid_input", /The code is not good/));
    const post = (request: RawRequest) =>
      send(`${url}/viewer/token`, { method: "POST", headers: JSON_TYPE, ...request });
    for (const body of ["", "{", "[]", "null", '{"code":1}', '{"token":"x"}'])
      expect((await post({ body })).status).toBe(400);
    expect((await post({ body: JSON.stringify({ code: "x".repeat(5000) }) })).status).toBe(413);
    expect((await post({ headers: { "content-type": "text/plain" }, body: '{"code":"x"}' })).status).toBe(
      415,
    );
    expect((await post({ method: "GET" })).status).toBe(405);
  });
});

function redeem(url: string, code: string) {
  return send(`${url}/viewer/token`, { method: "POST", headers: JSON_TYPE, body: JSON.stringify({ code }) });
}

/** Calls every procedure of the router that writes, in every way that a request may have. */
async function expectReadOnly(url: string, caller: Readonly<Record<string, string>>): Promise<void> {
  expect(WRITING.length).toBeGreaterThan(10);
  const headers = { ...JSON_TYPE, ...caller };
  const refused = refusal(403, "invalid_input", /--viewer-writes .* Nothing was done/);
  const post = (path: string, body: string, more = {}) =>
    send(`${url}/trpc/${path}`, { method: "POST", headers: { ...headers, ...more }, body });
  for (const path of WRITING) {
    expect(await post(path, CREATE), path).toMatchObject(refused);
    expect(await post(path, ""), path).toMatchObject(refused);
    // What is encoded, is tRPC's own way.
    expect((await post(path.replace(".", "%2e"), CREATE)).status, path).toBe(403);
    const two = JSON.stringify({ 0: JSON.parse(CREATE), 1: JSON.parse(CREATE) });
    const streamed = await post(`${path},sessions.delete?batch=1`, two, {
      "trpc-accept": "application/jsonl",
    });
    expect(streamed.text).toContain("--viewer-writes");
    const batch = await post(`${path},sessions.delete?batch=1`, two);
    expect(batch.json).toMatchObject([
      { error: { data: { httpStatus: 403 } } },
      { error: { data: { httpStatus: 403 } } },
    ]);
    expect((await send(`${url}/trpc/${path}?input={}`, { headers: caller })).status).toBe(405);
  }
  for (const path of ["sessions.list", "sessions.count", "server.info"])
    expect((await send(`${url}/trpc/${path}`, { headers: caller })).status, path).toBe(200);
}
