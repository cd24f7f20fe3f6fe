import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { refusal, send, serve, tempFolder } from "./harness.ts";
import { buildPage, ICON, INDEX, pageFolder, SCRIPT } from "./page-folder.ts";

const PAGES = [
  "/",
  "/s/0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f",
  "/s/0190a3c5/tree",
  "/compare?a=1&b=2",
  "/runs",
  "/run/run-2026%2F1",
  "/skill/..%2f..%2fetc",
  "/stats",
  "/settings",
  "/help",
];
const SERVED = INDEX.replace("./assets", "/assets");
const MAIN = "/assets/main.4f3a9c1b.js";

/** VIEWER's policy, word for word: each part has its reason. */
const POLICY = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
    "worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'; trusted-types worker",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

async function served(): Promise<string> {
  const { url } = await serve({ viewer: await pageFolder(), token: "t" });
  return url;
}

describe("the page", () => {
  it("is one file at all its addresses, without a token, with every header that it needs", async () => {
    const url = await served();
    for (const path of PAGES) {
      const answer = await send(url + path);
      expect(answer, path).toMatchObject({
        status: 200,
        text: SERVED,
        headers: {
          ...POLICY,
          "content-type": "text/html; charset=utf-8",
          "content-length": `${SERVED.length}`,
          "cache-control": "no-cache",
          etag: expect.stringMatching(/^"[\w-]{22}"$/),
          vary: "accept-encoding",
          "x-request-id": expect.stringMatching(/./),
        },
      });
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    }
  });

  it("has files whose names say what is in them, to be kept for ever", async () => {
    const url = await served();
    expect(await send(url + MAIN)).toMatchObject({
      status: 200,
      text: SCRIPT,
      headers: {
        ...POLICY,
        "content-type": "text/javascript; charset=utf-8",
        "cache-control": "public, max-age=31536000, immutable",
      },
    });
    const icon = await send(`${url}/assets/icon.12345678.svg`, {
      headers: { "accept-encoding": "br, gzip" },
    });
    expect(icon).toMatchObject({ status: 200, text: ICON, headers: { "content-type": "image/svg+xml" } });
    // Compressing it made it longer.
    expect(icon.headers).not.toHaveProperty("content-encoding");
  });

  it("answers a HEAD with the headers of a GET, and nothing else", async () => {
    const url = await served();
    for (const path of ["/", MAIN])
      for (const encoding of ["identity", "br"]) {
        const headers = { "accept-encoding": encoding };
        const { "x-request-id": _, date: __, ...whole } = (await send(url + path, { headers })).headers;
        const head = await send(url + path, { method: "HEAD", headers });
        expect(head).toMatchObject({ status: 200, text: "", headers: whole });
      }
  });

  it.each<[string | undefined, string | undefined]>([
    ["gzip, deflate, br, zstd", "br"],
    ["br;q=0.1, gzip", "br"],
    ["gzip, deflate", "gzip"],
    ["br;q=0, gzip;q=0.5", "gzip"],
    ["BR", "br"],
    ["*", "br"],
    ["*;q=0", undefined],
    ["identity", undefined],
    ["brotli", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("comes as the browser takes it: %s", async (accepted, encoding) => {
    const url = await served();
    const headers: Record<string, string> = accepted === undefined ? {} : { "accept-encoding": accepted };
    const { headers: got, bytes } = await send(url + MAIN, { headers });
    expect(got["content-encoding"]).toBe(encoding);
    expect(got["content-length"]).toBe(`${bytes.length}`);
    const unpack = { br: brotliDecompressSync, gzip: gunzipSync }[encoding ?? ""] ?? ((all: Buffer) => all);
    expect(unpack(bytes).toString()).toBe(SCRIPT);
    if (encoding) expect(bytes.length).toBeLessThan(SCRIPT.length / 10);
  });

  it("is not sent again to a browser that has it", async () => {
    const url = await served();
    for (const path of ["/", MAIN]) {
      const tags = new Set<string>();
      for (const encoding of ["identity", "gzip", "br"]) {
        const headers = { "accept-encoding": encoding };
        const { etag = "" } = (await send(url + path, { headers })).headers;
        tags.add(etag);
        for (const named of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
          const again = await send(url + path, { headers: { ...headers, "if-none-match": named } });
          expect(again).toMatchObject({ status: 304, text: "", headers: { ...POLICY, etag } });
          expect(again.headers["cache-control"]).toMatch(path === "/" ? /^no-cache$/ : /immutable/);
        }
        const other = await send(url + path, { headers: { ...headers, "if-none-match": '"other"' } });
        expect(other.status).toBe(200);
      }
      // Other bytes, another tag.
      expect(tags.size).toBe(3);
    }
  });

  it("is what was built and nothing beside it, however a path is written", async () => {
    const url = await served();
    for (const path of [
      "/index.html",
      "/manifest.json",
      "/assets",
      "/assets/",
      "/assets/unlisted.js",
      `${MAIN}.br`,
      `${MAIN}/`,
      `/${MAIN}`,
      "/assets/../manifest.json",
      "/assets/..%2fmanifest.json",
      "/assets/%2e%2e/manifest.json",
      "/assets/..%5c..%5csecret.txt",
      "/../secret.txt",
      "/..%2fsecret.txt",
      "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
      "/assets/main.4f3a9c1b.js%00.html",
      "/assets/__proto__",
      "/constructor",
      "/run",
      "/S/1",
    ]) {
      const { status, text } = await send(url, { path });
      expect({ path, status }).toEqual({ path, status: 404 });
      expect(text).not.toContain("secret\n");
      expect(JSON.parse(text)).toHaveProperty("error");
    }
    // Where the dots lead to an address of the page, that is what it is.
    expect((await send(url, { path: "/assets/../" })).text).toBe(SERVED);
    expect((await send(url, { path: "/s/../trpc/server.info" })).status).toBe(401);
  });

  it("takes GET and HEAD", async () => {
    const url = await served();
    for (const path of ["/", MAIN])
      for (const method of ["POST", "PUT", "DELETE", "PATCH"])
        expect(await send(url + path, { method })).toMatchObject({
          ...refusal(405, "invalid_input", /use GET or HEAD/),
          headers: { allow: "GET, HEAD" },
        });
  });
});

describe("a server without a page", () => {
  it("says why, and serves the API and the settings", async () => {
    const { url, server } = await serve({ viewer: join(tempFolder(), "nowhere") });
    expect(server.viewer?.problem).toBe("the page is not built: npm run build");
    for (const path of ["/", MAIN]) expect((await send(url + path)).status).toBe(404);
    expect((await send(`${url}/viewer/settings`)).status).toBe(200);
    expect((await send(`${url}/trpc/server.info`)).status).toBe(200);
  });

  it("has it left out where that was said", async () => {
    const { url, server } = await serve({ viewer: false, token: "t" });
    expect(server.viewer).toBeNull();
    for (const path of ["/", "/s/1", MAIN, "/viewer/settings"])
      expect(await send(url + path)).toMatchObject(refusal(404, "unsupported", /nothing at this path/));
    for (const path of ["/viewer/token", "/viewer/code"]) {
      const headers = { "content-type": "application/json", authorization: "Bearer t" };
      expect((await send(url + path, { method: "POST", headers, body: "{}" })).status).toBe(404);
    }
  });

  it.each<[string, (page: string) => void, RegExp]>([
    ["changed", (page) => appendFileSync(join(page, MAIN), " "), /main\.4f3a9c1b\.js is not what was built/],
    ["whose copy is cut", (page) => writeFileSync(join(page, `${MAIN}.br`), ""), /js\.br is not what was/],
    ["gone", (page) => rmSync(join(page, "index.html")), /index\.html cannot be read/],
    [
      "of another list",
      (page) => writeFileSync(join(page, "manifest.json"), '{ "files": [] }'),
      /not listed/,
    ],
  ])("serves none that is damaged: a file %s", async (_, damage, problem) => {
    const page = await pageFolder();
    damage(page);
    const { url, server } = await serve({ viewer: page });
    expect(server.viewer?.problem).toMatch(problem);
    expect((await send(`${url}/`)).status).toBe(404);
  });
});

describe("the build of the page", () => {
  it("takes nothing where apps/viewer is not built, and removes what an earlier build has left", async () => {
    const page = await pageFolder();
    expect(await buildPage(join(page, "nowhere"), page)).toBe(0);
    expect((await serve({ viewer: page })).server.viewer?.problem).toMatch(/not built/);
  });

  it("refuses a file of a type that it does not know", async () => {
    const from = tempFolder();
    writeFileSync(join(from, "index.html"), INDEX);
    writeFileSync(join(from, "x.exe"), "");
    await expect(buildPage(from, join(tempFolder(), "page"))).rejects.toThrow(/x\.exe: which type is it/);
  });
});
