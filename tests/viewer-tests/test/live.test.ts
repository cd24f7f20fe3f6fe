import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { assistantMessage, SessionManager, userMessage } from "@thulp-sessions/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const TABS = 20;

describeInBrowser("what happens", (browser) => {
  let folder: string;
  let server: RunningServer;
  /** Writes as another process does: by a handle of its own. */
  let writer: SessionManager;
  let id: string;

  const url = () => `sqlite:${join(folder, "sessions.db")}`;
  const openServer = async (port?: number) =>
    startViewerServer({ store: await openStore(url(), { durability: "relaxed" }), port });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "thulp-viewer-"));
    server = await openServer();
    writer = new SessionManager(await openStore(url(), { durability: "relaxed" }));
    const { metadata } = await writer.createSession("Runs", { type: "agent", agentName: "live" });
    id = metadata.id;
    await writer.addEntries(
      id,
      Array.from({ length: 60 }, (_, i) => userMessage(`Entry ${i}`)),
    );
  });

  afterAll(async () => {
    await writer?.store.close();
    await server?.stop(500);
    await rm(folder, { recursive: true, force: true });
  });

  const live = (page: Page) => page.locator("[data-link=live]").waitFor();
  const entry = (page: Page, text: string | RegExp) => page.locator(".entry", { hasText: text });

  test("is followed at the end only; what is read elsewhere stays, with a counter", async () => {
    const tabs = await WatchedTabs.open(browser());
    const page = await tabs.newPage();
    await page.goto(`${server.url}/s/${id}`);
    await live(page);
    await entry(page, "Entry 59").waitFor();
    await writer.addEntries(id, [assistantMessage("At the end")]);
    await entry(page, "At the end").waitFor();
    await expect.poll(() => isInView(page, "At the end")).toBe(true);
    await page.mouse.move(500, 500);
    await page.mouse.wheel(0, -900);
    await page.waitForFunction(() => {
      const feed = document.querySelector(".feed");
      return feed !== null && feed.scrollTop + feed.clientHeight < feed.scrollHeight - 500;
    });
    const before = await restingPlace(page);
    await writer.addEntries(id, [userMessage("Below 1"), userMessage("Below 2")]);
    await page.getByRole("button", { name: "2 new entries below" }).waitFor();
    expect(await restingPlace(page)).toBe(before);
    await page.keyboard.press("G");
    await entry(page, "Below 2").waitFor();
    await page.getByText(/^new since \d\d:\d\d:\d\d$/).waitFor({ state: "detached" });
    await writer.addEntries(id, [userMessage("Follows again")]);
    await entry(page, "Follows again").waitFor();
    tabs.expectNoFault();
    await tabs.context.close();
  });

  test("leaves those where they are who have turned a page up by its key", async () => {
    const tabs = await WatchedTabs.open(browser());
    const page = await tabs.newPage();
    await page.goto(`${server.url}/s/${id}`);
    await live(page);
    await writer.addEntries(id, [userMessage("The last so far")]);
    await entry(page, "The last so far").waitFor();
    await expect.poll(() => isInView(page, "The last so far")).toBe(true);
    await page.locator(".feed").focus();
    await page.keyboard.press("PageUp");
    await page.waitForFunction(() => {
      const feed = document.querySelector(".feed");
      return feed !== null && feed.scrollTop + feed.clientHeight < feed.scrollHeight - 300;
    });
    const before = await restingPlace(page);
    await writer.addEntries(id, [userMessage("Below 3")]);
    await page.getByRole("button", { name: "1 new entry below" }).waitFor();
    expect(await restingPlace(page)).toBe(before);
    tabs.expectNoFault();
    await tabs.context.close();
  });

  test("follows a session that begins on one screen, whatever was turned before there was anything to turn", async () => {
    const { metadata } = await writer.createSession("Short", { type: "agent", agentName: "short" });
    await writer.addEntries(metadata.id, [userMessage("The first of all")]);
    const tabs = await WatchedTabs.open(browser());
    const page = await tabs.newPage();
    await page.goto(`${server.url}/s/${metadata.id}`);
    await live(page);
    await entry(page, "The first of all").waitFor();
    await page.locator(".feed").focus();
    await page.keyboard.press("ArrowUp");
    await page.mouse.move(500, 300);
    await page.mouse.wheel(0, -100);
    await writer.addEntries(
      metadata.id,
      Array.from({ length: 60 }, (_, i) => userMessage(`Later ${i}`)),
    );
    await entry(page, "Later 59").waitFor();
    await expect.poll(() => isInView(page, "Later 59")).toBe(true);
    tabs.expectNoFault();
    await tabs.context.close();
  });

  test("loses nothing of a thousand entries that come at once", async () => {
    const tabs = await WatchedTabs.open(browser());
    const page = await tabs.newPage();
    await page.goto(`${server.url}/s/${id}`);
    await live(page);
    await entry(page, "Below 3").waitFor();
    const { entryCount } = await writer.store.head(id);
    for (let i = 0; i < 1000; i += 10)
      await writer.addEntries(
        id,
        Array.from({ length: 10 }, (_, j) => userMessage(`Many ${i + j}`)),
      );
    await entry(page, "Many 999").waitFor();
    // Each of them stands at its place: going down through them meets every one.
    await page.keyboard.press(":");
    await page.locator("dialog input").fill(String(entryCount));
    await page.keyboard.press("Enter");
    await entry(page, /Many 0$/)
      .first()
      .waitFor();
    const seen = new Set<number>();
    await page.mouse.move(500, 500);
    for (let i = 0; i < 400 && seen.size < 1000; i++) {
      for (const text of await page.locator(".entry").allInnerTexts()) {
        const [, number] = /Many (\d+)$/.exec(text.trim()) ?? [];
        if (number !== undefined) seen.add(Number(number));
      }
      // Less than the screen: what is out of sight need not be there.
      await page.mouse.wheel(0, 600);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    expect(seen.size).toBe(1000);
    tabs.expectNoFault();
    await tabs.context.close();
  });

  test("shows where a session was taken back, greys what went, and says that it was deleted", async () => {
    const tabs = await WatchedTabs.open(browser());
    const page = await tabs.newPage();
    const { metadata } = await writer.createSession("Taken back", { type: "agent", agentName: "live" });
    const all = ["one", "two", "three", "four"].map((text) => userMessage(`Said ${text}`));
    await writer.addEntries(metadata.id, all);
    await page.goto(`${server.url}/s/${metadata.id}`);
    await live(page);
    await entry(page, "Said four").waitFor();
    await writer.rewindSession(metadata.id, 2);
    await page.getByText("taken back to 2 entries; 2 entries went").waitFor();
    await expect
      .poll(() => page.locator(".entry.gone").allInnerTexts())
      .toEqual([expect.stringContaining("Said three"), expect.stringContaining("Said four")]);
    await writer.addEntries(metadata.id, [assistantMessage("Another way")]);
    await entry(page, "Another way").waitFor();
    const said = async () =>
      (await page.locator(".entry").allInnerTexts()).map((text) => /Said \w+|Another/.exec(text)?.[0]);
    await expect.poll(said).toEqual(["Said one", "Said two", "Said three", "Said four", "Another"]);
    await writer.deleteSession(metadata.id);
    await page.getByText("The session was deleted").waitFor();
    await entry(page, "Another way").waitFor();
    tabs.expectNoFault();
    await tabs.context.close();
  });

  test("is shown in twenty tabs, all live, by one stream, and again after a restart of the server", async () => {
    const tabs = await WatchedTabs.open(browser());
    const { metadata } = await writer.createSession("For all", { type: "agent", agentName: "live" });
    const { id } = metadata;
    const pages = await Promise.all(Array.from({ length: TABS }, () => tabs.newPage()));
    // Twenty that open at once take turns on the cores that there are.
    for (const page of pages) page.setDefaultTimeout(TABS * 3_000);
    const all = (wait: (page: Page) => Promise<unknown>) => Promise.all(pages.map(wait));
    await all((page) => page.goto(`${server.url}/s/${id}`));
    await all(live);
    const streams = async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return /^thulp_sessions_subscribers\{path="sessions\.watch"\} (\d+)/m.exec(text)?.[1];
    };
    await expect.poll(streams).toBe("1");
    await writer.addEntries(id, [userMessage("For all tabs")]);
    await all((page) => entry(page, "For all tabs").waitFor());

    const { port } = server;
    await server.stop(500);
    await all((page) => page.getByText("server away").waitFor());
    const [first] = pages as [Page];
    // The third wait is long enough to be cut short.
    await first.getByText(/^next try in [43] s$/).waitFor();
    await writer.addEntries(id, [userMessage("While it was away")]);
    server = await openServer(port);
    await first.getByRole("button", { name: "Try now" }).click();
    await all(live);
    await all((page) => entry(page, "While it was away").waitFor());
    await expect.poll(streams).toBe("1");
    // The stream goes with the last tab.
    await tabs.context.close();
    await expect.poll(streams).not.toBe("1");
    tabs.expectNoFault();
  }, 180_000);

  test("is told by one tab to the others where there are no shared workers, also after it is closed", async () => {
    const tabs = await WatchedTabs.open(browser());
    await tabs.context.addInitScript(() => {
      Reflect.deleteProperty(globalThis, "SharedWorker");
    });
    const [leader, second, third] = [await tabs.newPage(), await tabs.newPage(), await tabs.newPage()];
    for (const page of [leader, second, third]) {
      await page.goto(`${server.url}/s/${id}`);
      await live(page);
    }
    await writer.addEntries(id, [userMessage("By the leader")]);
    for (const page of [leader, second, third]) await entry(page, "By the leader").waitFor();
    await leader.close();
    await writer.addEntries(id, [userMessage("By another")]);
    for (const page of [second, third]) await entry(page, "By another").waitFor();
    tabs.expectNoFault();
    await tabs.context.close();
  });
});

/** How far the conversation is scrolled, once it is no longer: a wheel goes on for some frames. */
function restingPlace(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const feed = document.querySelector(".feed") as HTMLElement;
    for (let before = -1; before !== feed.scrollTop; ) {
      before = feed.scrollTop;
      for (let i = 0; i < 5; i++) await new Promise(requestAnimationFrame);
    }
    return feed.scrollTop;
  });
}

function isInView(page: Page, text: string): Promise<boolean> {
  return page
    .locator(".entry", { hasText: text })
    .evaluate((element) => element.getBoundingClientRect().bottom <= innerHeight + 1);
}
