import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ViewerFiles, type ViewerFilesOptions, viewerFiles } from "../src/index.ts";
import { type RawAnswer, type RawRequest, send } from "./harness.ts";
import { INDEX, pageFolder, SCRIPT } from "./page-folder.ts";

type Ask = (path: string, request?: RawRequest) => Promise<Pick<RawAnswer, "status" | "text" | "headers">>;

/** Each gives an app with an API of its own beside the page. */
const HOSTS: Record<string, (files: ViewerFiles) => Promise<Ask>> = {
  async Express(files) {
    const app = express();
    app.disable("x-powered-by");
    app.use(files.middleware);
    app.get("/sessions/trpc/server.info", (_, response) => void response.send("api"));
    return listening(createServer(app));
  },
  async "Express, in a router"(files) {
    const app = express();
    const router = express.Router();
    router.use(files.middleware);
    router.get("/trpc/server.info", (_, response) => void response.send("api"));
    app.use("/sessions", router);
    return listening(createServer(app));
  },
  async Fastify(files) {
    const app = fastify();
    await app.register(files.plugin);
    app.get("/sessions/trpc/server.info", async () => "api");
    await app.listen({ port: 0, host: "127.0.0.1" });
    onTestFinished(() => app.close());
    return askAt(app.server.address() as AddressInfo);
  },
  async "a fetch handler"(files) {
    return async (path, { method = "GET", headers = {} } = {}) => {
      const request = new Request(`http://app.example${path}`, { method, headers: { ...headers } });
      const api = new URL(request.url).pathname === "/sessions/trpc/server.info" ? new Response("api") : null;
      const answer = files.fetch(request) ?? api ?? new Response("", { status: 404 });
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        text: await answer.text(),
      };
    };
  },
};

async function listening(server: ReturnType<typeof createServer>): Promise<Ask> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return askAt(server.address() as AddressInfo);
}

function askAt({ port }: AddressInfo): Ask {
  return (path, request) => send(`http://127.0.0.1:${port}`, { ...request, path });
}

async function filesOf(options: ViewerFilesOptions = {}) {
  return viewerFiles({ base: "/sessions", ...options, folder: await pageFolder() });
}

const MAIN = "/sessions/assets/main.4f3a9c1b.js";
const MOVED = INDEX.replace("<head>", '<head><meta name="thulp-base" content="/sessions">')
  .replace("./assets", "/sessions/assets")
  .replace('"/assets', '"/sessions/assets');

describe.each(Object.entries(HOSTS))("the page in %s", (_, host) => {
  it("is under its base, with its headers, and takes nothing of the app's", async () => {
    const ask = await host(await filesOf());
    for (const path of [
      "/sessions",
      "/sessions/",
      "/sessions/?q=1",
      "/sessions/s/0190a3c5",
      "/sessions/runs",
    ]) {
      const answer = await ask(path);
      expect(answer, path).toMatchObject({ status: 200, text: MOVED });
      expect(answer.headers).toMatchObject({
        "content-security-policy": expect.stringContaining(
          "frame-ancestors 'none'; require-trusted-types-for",
        ),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-cache",
        "content-type": "text/html; charset=utf-8",
      });
    }
    expect(await ask(MAIN)).toMatchObject({ status: 200, text: SCRIPT });
    expect((await ask(MAIN)).headers["cache-control"]).toMatch(/immutable/);
    expect(await ask("/sessions/trpc/server.info")).toMatchObject({ status: 200, text: "api" });
    for (const path of [
      "/",
      "/s/1",
      "/assets/main.4f3a9c1b.js",
      "/sessionsx",
      "/sessions/none",
      `${MAIN}.br`,
    ])
      expect((await ask(path)).status, path).toBe(404);
    for (const path of ["/sessions/assets/unlisted.js", "/sessions/assets/..%2f..%2fsecret.txt"])
      expect((await ask(path)).status, path).toBe(404);
  });

  it("answers HEAD, and a browser that has it", async () => {
    const ask = await host(await filesOf());
    for (const path of ["/sessions/", MAIN]) {
      const { etag = "" } = (await ask(path)).headers;
      const request = { headers: { "if-none-match": etag } };
      expect(await ask(path, request)).toMatchObject({ status: 304, text: "", headers: { etag } });
      expect(await ask(path, { method: "HEAD" })).toMatchObject({ status: 200, text: "", headers: { etag } });
    }
    const packed = await ask(MAIN, { headers: { "accept-encoding": "gzip" } });
    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
    expect((await ask("/sessions/", { method: "POST" })).status).toBe(404);
  });

  it("learns from the app what it may do", async () => {
    const ask = await host(await filesOf({ tokenNeeded: true, writes: true }));
    const { text, headers } = await ask("/sessions/viewer/settings");
    expect(JSON.parse(text)).toEqual({ tokenNeeded: true, writes: true, version: "0.1.0" });
    expect(headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
  });
});

describe("viewerFiles", () => {
  it("lets the page be framed by whom it was told", async () => {
    const files = await filesOf({ base: "", frameAncestors: ["https://desk.example"] });
    const answer = files.fetch(new Request("http://app.example/"));
    expect(answer?.headers.get("content-security-policy")).toContain("frame-ancestors https://desk.example;");
    expect(await answer?.text()).toBe(INDEX.replace("./assets", "/assets"));
  });

  it.each(["sessions", "/sessions/", "/", "//x", "/a/../b", "/.", '/"><script>', "/a b", "http://x"])(
    "refuses the base %s",
    async (base) => {
      await expect(filesOf({ base })).rejects.toMatchObject({ code: "invalid_input" });
    },
  );

  it.each(["*", "desk.example", "https://desk.example/", "https://desk.example; script-src *"])(
    "refuses to be framed by %s",
    async (origin) => {
      await expect(filesOf({ frameAncestors: [origin] })).rejects.toMatchObject({ code: "invalid_input" });
    },
  );

  it("says when there is no page", async () => {
    await expect(viewerFiles({ folder: "/nowhere" })).rejects.toThrow("the page is not built: npm run build");
  });
});
