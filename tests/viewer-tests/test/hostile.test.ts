import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { type Samples, writeSamples } from "./sample-sessions.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

describeInBrowser("contents of anybody", (browser) => {
  let server: RunningServer;
  let samples: Samples;
  let tabs: WatchedTabs;
  let page: Page;

  beforeAll(async () => {
    const store = await openStore("memory:");
    server = await startViewerServer({ store });
    samples = await writeSamples(store);
    tabs = await WatchedTabs.open(browser());
    page = await tabs.newPage();
  });

  afterAll(() => server?.stop(500));

  /** Nothing of theirs is an element, and no text turns its direction. */
  const expectHarmless = async () => {
    const found = await page.evaluate(() => ({
      elements: document.querySelectorAll(
        "img, iframe, script:not([src]), style, base, object, embed, u, i, b",
      ).length,
      hidden: /[\p{Cf}\p{Cc}]/u.test((document.body.innerText + document.title).replace(/[\n\t]/g, "")),
      links: [...document.querySelectorAll("a")].filter(
        ({ protocol }) => !/^(https?|mailto):$/.test(protocol),
      ).length,
    }));
    expect(found).toEqual({ elements: 0, hidden: false, links: 0 });
    tabs.expectNoFault();
  };

  test("are only seen: in the list, its facets and a search", async () => {
    await page.goto(server.url);
    await page.locator(".facets li").first().waitFor();
    await expectHarmless();
    await page.goto(`${server.url}/?q=alert`);
    await page.locator(".hits .row").first().waitFor();
    await expectHarmless();
  });

  test("are only seen: in a session, folded, open, and as they are stored", async () => {
    for (const rest of ["#e0", "?k=failed", "?tab=raw", "?tab=context", "?tab=data"]) {
      await page.goto(`${server.url}/s/${samples.hostile}${rest}`);
      await page.locator(".entry, .text-page dl, .json-key").first().waitFor();
      await page.keyboard.press("]");
      // Through all of it, so that each is made once.
      await page.mouse.move(500, 500);
      for (let i = 0; i < 10; i++) {
        await page.mouse.wheel(0, 4000);
        await page.evaluate(() => new Promise(requestAnimationFrame));
      }
      await expectHarmless();
    }
  });

  test("are only seen: beside another session", async () => {
    await page.goto(`${server.url}/compare?a=${samples.hostile}&b=${samples.build}`);
    await page.locator(".compare-rows article").first().waitFor();
    for (let i = 0; i < 10; i++) {
      await page.keyboard.press("n");
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await expectHarmless();
  });

  test("of megabytes are cut, and whole when they are asked for", async () => {
    await page.goto(`${server.url}/s/${samples.hostile}#e17`);
    const long = page.locator('[data-seq="17"]');
    await long.getByRole("button", { name: "Show all (2.9 MiB)" }).click();
    await long.getByRole("button", { name: "Show more (2,980,000 characters left)" }).click();
    await long.getByRole("button", { name: "Show more (2,880,000 characters left)" }).waitFor();
    // Another whole one, of HTML without end.
    await page.goto(`${server.url}/s/${samples.hostile}#e18`);
    await page
      .locator('[data-seq="18"]')
      .getByRole("button", { name: /^Show all/ })
      .click();
    await page
      .locator('[data-seq="18"]')
      .getByRole("button", { name: /^Show more/ })
      .waitFor();
    await expectHarmless();
  });

  test("nested as deep as they may be open level by level", async () => {
    await page.goto(`${server.url}/s/${samples.hostile}?tab=raw#e16`);
    await page.locator('[data-seq="16"]').getByText('"deep"').waitFor();
    await page.goto(`${server.url}/s/${samples.hostile}?tab=context`);
    await page.getByText("<i>key</i>").waitFor();
    await expectHarmless();
  });
});
