import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { SessionManager, userMessage } from "@thulp-sessions/core";
import { DEMO_TAG } from "@thulp-sessions/core/demo";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { focusedByKey } from "./key-then-focus.ts";
import { type Samples, writeSamples } from "./sample-sessions.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

describeInBrowser("the list", (browser) => {
  let folder: string;
  let server: RunningServer;
  let samples: Samples;
  let tabs: WatchedTabs;
  let page: Page;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "thulp-viewer-"));
    const store = await openStore(`sqlite:${join(folder, "sessions.db")}`, { durability: "relaxed" });
    server = await startViewerServer({ store });
    tabs = await WatchedTabs.open(browser());
    page = await tabs.newPage();
  });

  afterAll(async () => {
    await server?.stop(500);
    await rm(folder, { recursive: true, force: true });
  });

  test("of an empty store says how to get a session, and shows the first one by itself", async () => {
    await page.goto(server.url);
    await page.getByText("No session yet").waitFor();
    await page
      .locator(".snippet", { hasText: `thulp-sessions create "My first session" --store ${server.url}` })
      .waitFor();
    samples = await writeSamples(server.manager.store);
    await page.locator(".row").nth(3).waitFor();
    tabs.expectNoFault();
  });

  test("of an empty store is filled by a button, where the page may write and only there", async () => {
    const writable = await startViewerServer({ store: new MemoryStore(), viewerWrites: true });
    const readable = await startViewerServer({ store: new MemoryStore() });
    try {
      await page.goto(readable.url);
      await page.locator(".snippet").first().waitFor();
      expect(await page.getByRole("button", { name: "Write a demo" }).count()).toBe(0);
      await page.goto(writable.url);
      await page.getByRole("button", { name: "Write a demo" }).click();
      // The page writes them itself, which takes its time on a slow machine.
      await page.getByText("11 sessions written").waitFor();
      await expect.poll(() => page.locator(".row").count()).toBe(11);
      await expect.poll(() => page.locator(".row").first().innerText()).toMatch(/Fix the build/);
      const { items } = await writable.manager.pageSessions({ filter: { tag: DEMO_TAG }, limit: 100 });
      expect(items).toHaveLength(11);
    } finally {
      await Promise.all([readable.stop(500), writable.stop(500)]);
    }
    tabs.expectNoFault();
  });

  test("has counts, a preview, a score, and facets with counts", async () => {
    await page.goto(server.url);
    const row = page.locator(`[data-id="${samples.build}"]`);
    await row.waitFor();
    expect(await row.innerText()).toMatch(/Fix the build/);
    expect(await row.innerText()).toMatch(/agent: builder/);
    expect(await row.innerText()).toMatch(/7 entries/);
    expect(await row.innerText()).toMatch(/The build is red/);
    expect(await page.locator(`[data-id="${samples.evaluation}"]`).innerText()).toMatch(/0\.50/);
    await page.locator(".facets li").first().waitFor();
    const facets = await page.locator(".facets li").allInnerTexts();
    expect(facets.map((text) => text.replace(/\s+/g, " "))).toEqual(
      expect.arrayContaining(["active 3", "completed 1", "ci 1", "parse 1"]),
    );
    tabs.expectNoFault();
  });

  test("asks for nothing but its own settings before it asks for sessions, and has them with its scripts", async () => {
    await page.goto(server.url);
    const asked = () =>
      page.evaluate(() =>
        (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
          .filter(({ name }) => /\/viewer\/settings|\/trpc\//.test(name))
          .sort((a, b) => a.startTime - b.startTime)
          .slice(0, 2)
          .map(({ name, initiatorType }) => `${initiatorType} ${new URL(name).pathname}`),
      );
    await expect.poll(asked).toEqual(["link /viewer/settings", "fetch /trpc/sessions.list"]);
  });

  test("is a table where that is asked for, with the same rows, keys and filters", async () => {
    await page.goto(server.url);
    await page.locator(".facets").getByRole("link", { name: "table" }).click();
    await page.waitForURL(/\?view=table$/);
    await page.locator(".table-row .row-name").first().waitFor();
    const head = await page.locator(".table-head span").allInnerTexts();
    expect(head).toEqual(["", "Name", "Type", "Tags", "Entries", "Turns", "Score", "Created", "Updated"]);
    const cells = page.locator(`[data-id="${samples.build}"] > span`);
    const texts = (await cells.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
    expect(texts.slice(1, 5)).toEqual(["Fix the build", "agent: builder", "ci", "7 entries"]);
    expect(await page.locator(`[data-id="${samples.evaluation}"] > span`).nth(6).innerText()).toMatch(
      /0\.50/,
    );
    await page.locator(".facets").getByRole("link", { name: "completed" }).click();
    await page.waitForURL(/\?status=completed&view=table$/);
    await expect.poll(() => page.locator(".row").count()).toBe(1);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/s\//);
    tabs.expectNoFault();
  });

  test("is filtered by a click, which the address says, and unfiltered by its chip or the way back", async () => {
    await page.goto(server.url);
    await page.locator(".facets").getByRole("link", { name: "completed" }).click();
    await page.waitForURL(/\?status=completed$/);
    await expect.poll(() => page.locator(".row").count()).toBe(1);
    await page.locator(".chip").click();
    await expect.poll(() => page.locator(".row").count()).toBe(4);
    await page.goBack();
    await expect.poll(() => page.locator(".row").count()).toBe(1);
    await page.goto(`${server.url}/?tag=nobody`);
    await page.getByText("No session matches the filter").waitFor();
  });

  test("takes keys that come before a row is measured, after a link was used", async () => {
    await page.goto(server.url);
    await page.evaluate(() => {
      const press = (key: string) =>
        document.activeElement?.dispatchEvent(
          new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
        );
      const untilRow = new MutationObserver(async () => {
        if (!location.search.includes("completed") || document.querySelectorAll(".row").length !== 1) return;
        untilRow.disconnect();
        press("j");
        // Promises are settled before the next key comes; a frame, in which rows are measured, may not be.
        for (let i = 0; i < 10; i++) await Promise.resolve();
        press("Enter");
      });
      untilRow.observe(document.body, { childList: true, subtree: true });
    });
    await page.locator(".facets").getByRole("link", { name: "completed" }).click();
    await page.waitForURL(/\/s\//);
    tabs.expectNoFault();
  });

  test("says how many sessions each part of a filter hides that nothing matches", async () => {
    await page.goto(`${server.url}/?tag=ci&status=failed`);
    await page.getByText("No session matches the filter").waitFor();
    await expect
      .poll(() => page.locator(".empty li").allInnerTexts())
      .toEqual(["without status: failed 1 session", "without tag: ci 0 sessions"]);
  });

  test("keeps views under names, by keyboard, over a reload and in other tabs", async () => {
    await page.goto(`${server.url}/?tag=ci&sort=created`);
    await page.locator(".row").first().waitFor();
    expect(await focusedByKey(page, "v")).toBe("INPUT");
    await page.keyboard.type("What CI does");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "What CI does" }).waitFor();
    const other = await tabs.newPage();
    await other.goto(server.url);
    await other.locator(".row").nth(3).waitFor();
    await other.keyboard.press("1");
    await other.waitForURL(`${server.url}/?tag=ci&sort=created`);
    await expect.poll(() => other.locator(".row").count()).toBe(1);
    await page.keyboard.press("v");
    await page.keyboard.press("Escape");
    await page.getByLabel("Name of this view").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Remove the view What CI does" }).press("Enter");
    await other.getByRole("link", { name: "What CI does" }).waitFor({ state: "detached" });
    await other.goto(`${server.url}/settings`);
    await other.getByLabel("Views of another browser, as text").fill("mine?status=failed\nnonsense");
    await other.getByRole("button", { name: "Add 1 view" }).click();
    await page.getByRole("link", { name: "mine" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Remove the view mine" }).click();
    await other.close();
    tabs.expectNoFault();
  });

  test("is searched from the keyboard: words of entries, and the beginning of an id", async () => {
    await page.goto(server.url);
    await page.locator(".row").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("parse.test.ts");
    await page.waitForURL(/\?q=parse\.test\.ts$/);
    await page.keyboard.press("Enter");
    // Words that were whole on the way there have hits of their own.
    await page.locator(".hits[aria-busy=false] .row mark").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/s/${samples.build}#e\\d+$`));
    await page.goto(`${server.url}/?q=${samples.build.slice(0, 13)}`);
    await page.locator(`.hits [data-id="${samples.build}"]`).waitFor();
  });

  test("is gone through by j and k, opened by Enter; the way back finds the place", async () => {
    await page.goto(server.url);
    await page.locator(".row").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset["id"]);
    await expect.poll(focused).toBe(samples.build);
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/s/${samples.build}$`));
    await page.locator(".entry").first().waitFor();
    await page.keyboard.press("u");
    await page.locator(".row").first().waitFor();
    expect(new URL(page.url()).pathname).toBe("/");
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    tabs.expectNoFault();
  });

  test("leads by a few letters to pages and sessions, from everywhere, also out of a field", async () => {
    const field = page.getByRole("combobox", { name: /the beginning of its id/ });
    await page.goto(`${server.url}/help`);
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("option", { name: "Runs" }).waitFor();
    await page.keyboard.type("nightly");
    await page.getByRole("option", { name: "Nightly evaluation" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(`${server.url}/s/${samples.evaluation}`);
    await page.keyboard.press("/");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("s");
    await page.getByRole("option", { name: "Settings" }).waitFor();
    await page.keyboard.press("ArrowDown");
    const chosen = page.locator('[role="option"][aria-selected="true"]');
    await expect.poll(() => chosen.getAttribute("id")).toBe("palette-1");
    await field.fill(samples.build.slice(0, 13));
    await page.getByRole("option", { name: "Fix the build" }).click();
    await page.waitForURL(`${server.url}/s/${samples.build}`);
    await page.keyboard.press("Control+k");
    await field.waitFor();
    await page.keyboard.press("Escape");
    await field.waitFor({ state: "detached" });
    tabs.expectNoFault();
  });

  test("hears of new, changed and deleted sessions of another process", async () => {
    await page.goto(server.url);
    await page.locator(".row").first().waitFor();
    const other = await openStore(`sqlite:${join(folder, "sessions.db")}`, { durability: "relaxed" });
    const manager = new SessionManager(other);
    const { metadata } = await manager.createSession("From elsewhere", {
      type: "conversation",
      purpose: "live",
    });
    const row = page.locator(`[data-id="${metadata.id}"]`);
    await row.waitFor();
    await manager.addEntries(metadata.id, [userMessage("One more")]);
    await expect.poll(() => row.innerText()).toMatch(/1 entry[\s\S]*One more/);
    // Who reads is not disturbed: what is new waits.
    await page.locator(`[data-id="${samples.evaluation}"]`).focus();
    const before = await page.locator(".row").allInnerTexts();
    const second = await manager.createSession("Waits", { type: "conversation", purpose: "live" });
    await page.getByRole("button", { name: /1 session new or changed/ }).waitFor();
    expect((await page.locator(".row").allInnerTexts()).length).toBe(before.length);
    await page.keyboard.press(".");
    await page.locator(`[data-id="${second.metadata.id}"]`).waitFor();
    await manager.deleteSession(second.metadata.id);
    await manager.deleteSession(metadata.id);
    await row.waitFor({ state: "detached" });
    await other.close();
    tabs.expectNoFault();
  });
});
