import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { SessionManager } from "@thulp-sessions/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { type Samples, writeSamples } from "./sample-sessions.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

describeInBrowser("statistics", (browser) => {
  let server: RunningServer;
  let samples: Samples;
  let tabs: WatchedTabs;
  let page: Page;
  const today = new Date().toISOString().slice(0, 10);

  beforeAll(async () => {
    server = await startViewerServer({ store: await openStore("memory:") });
    tabs = await WatchedTabs.open(browser());
    // Keeps the stream that all tabs share: where it begins with a page, the page counts again by itself.
    const other = await tabs.newPage();
    await other.goto(`${server.url}/settings`);
    await other.locator("[data-link=live]").waitFor();
    page = await tabs.newPage();
  });

  afterAll(() => server?.stop(500));

  test("of an empty store say how to get a session, of a filter that nothing matches say so", async () => {
    await page.goto(`${server.url}/stats`);
    await page.getByText("No session yet").waitFor();
    samples = await writeSamples(server.manager.store);
    await page.getByRole("button", { name: /Sessions have changed/ }).click();
    await page.locator(".days").waitFor();
    await page.goto(`${server.url}/stats?tag=nobody`);
    await page.getByText("No session matches").waitFor();
  });

  test("count sessions by day and status, and each bar leads to those that it counts", async () => {
    const manager = new SessionManager(server.manager.store);
    const old = await manager.createSession(
      "Long ago",
      { type: "conversation", purpose: "old" },
      { createdAt: 1_000_000_000_000, updatedAt: 1_000_000_000_000, status: "failed" },
    );
    await page.goto(`${server.url}/stats`);
    await page.getByText(/4 sessions were last changed from .* to /).waitFor();
    await page.getByText("1 session outside of these days").waitFor();
    await expect.poll(() => page.locator(".days li").count()).toBe(30);
    const bar = page.getByRole("link", { name: `${today}: 4 sessions, 3 active, 1 completed` });
    await bar.click();
    await page.waitForURL(new RegExp(`/\\?since=${today}&until=${today}$`));
    await expect.poll(() => page.locator(".row").count()).toBe(4);
    await page.keyboard.press("s");
    await page.waitForURL(new RegExp(`/stats\\?since=${today}`));
    await page.getByRole("link", { name: "from the first" }).click();
    await page.getByText("5 sessions were last changed from 2001-09-09").waitFor();
    await page.keyboard.press("o");
    await page.locator(`.row[data-id="${old.metadata.id}"]`).waitFor();
    await manager.deleteSession(old.metadata.id);
    tabs.expectNoFault();
  });

  test("say lengths, the tools that failed with a place, and the scores of skills", async () => {
    await page.goto(`${server.url}/stats`);
    await page.getByText("All 4 of them").waitFor();
    const rows = async (name: string) =>
      (
        await page
          .locator("section", { has: page.getByRole("heading", { name }) })
          .locator("tbody tr")
          .allInnerTexts()
      ).map((text) => text.replace(/\s+/g, " ").trim());
    await expect.poll(() => rows("Tools")).toContainEqual(expect.stringMatching(/^run_tests 1 1 100 % /));
    expect(await rows("Tools")).toContain("Read 1 0 0 %");
    await expect.poll(() => rows("Scores")).toEqual([expect.stringMatching(/^parse 1 of 1 0.5 0.5 /)]);
    await page
      .getByRole("row", { name: /^run_tests/ })
      .getByRole("link")
      .click();
    await page.waitForURL(new RegExp(`/s/${samples.build}#e2$`));
    await page.goBack();
    await page.getByRole("link", { name: "agent", exact: true }).click();
    await page.waitForURL(/\/\?type=agent&since=/);
    tabs.expectNoFault();
  });

  test("stay as they are while sessions change, and are counted again by a key", async () => {
    await page.goto(`${server.url}/stats?type=conversation`);
    await page.getByText(/1 session was last changed/).waitFor();
    await server.manager.createSession("One more", { type: "conversation", purpose: "live" });
    await page.getByRole("button", { name: /Sessions have changed/ }).waitFor();
    expect(await page.getByText(/1 session was last changed/).count()).toBe(1);
    await page.keyboard.press(".");
    await page.getByText(/2 sessions were last changed/).waitFor();
    await page.keyboard.press("j");
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
    await expect.poll(focused).toContain("type: conversation");
    tabs.expectNoFault();
  });
});
