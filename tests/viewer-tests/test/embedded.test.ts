import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type RunningServer, viewerFiles } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { userMessage } from "@thulp-sessions/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { type Samples, writeSamples } from "./sample-sessions.ts";
import { PAGE_FOLDER, startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const BASE = "/tools/sessions";

describeInBrowser("within another application", (browser) => {
  let api: RunningServer;
  let app: Server;
  let origin: string;
  let samples: Samples;

  beforeAll(async () => {
    const store = await openStore("memory:");
    samples = await writeSamples(store);
    api = await startViewerServer({ store });
    const files = await viewerFiles({ base: BASE, folder: PAGE_FOLDER });
    app = createServer((incoming, response) =>
      files.middleware(incoming, response, () => {
        if (!incoming.url?.startsWith(`${BASE}/trpc`)) return void response.writeHead(404).end();
        const { method, headers } = incoming;
        const path = incoming.url.slice(BASE.length);
        const outgoing = request({ port: api.port, host: "127.0.0.1", method, path, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        outgoing.on("error", () => response.destroy());
        response.on("close", () => outgoing.destroy());
        incoming.pipe(outgoing);
      }),
    );
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    app?.closeAllConnections();
    app?.close();
    await api?.stop(500);
  });

  test("every link, call and the stream stay under its path", async () => {
    const tabs = await WatchedTabs.open(browser());
    const page = await tabs.newPage();
    const elsewhere: string[] = [];
    tabs.context.on("request", (each) => {
      const { pathname } = new URL(each.url());
      if (!pathname.startsWith(BASE)) elsewhere.push(pathname);
    });
    await page.goto(`${origin}${BASE}/`);
    await page.locator(`[data-id="${samples.build}"]`).click();
    await page.waitForURL(`${origin}${BASE}/s/${samples.build}`);
    await page.locator("[data-link=live]").waitFor();
    await page.locator(".entry").first().waitFor();
    await api.manager.addEntries(samples.build, [userMessage("Also here")]);
    await page.locator(".entry", { hasText: "Also here" }).waitFor();
    await page.reload();
    await page.locator(".entry", { hasText: "Also here" }).waitFor();
    for (const href of await page
      .locator("a")
      .evaluateAll((links) => links.map((each) => each.getAttribute("href"))))
      expect(href).toMatch(new RegExp(`^${BASE}(/|$)`));
    await page.keyboard.press("u");
    await page.waitForURL(`${origin}${BASE}/`);
    expect(elsewhere).toEqual([]);
    tabs.expectNoFault();
  });
});
