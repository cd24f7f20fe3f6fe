import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { SessionManager, userMessage } from "@thulp-sessions/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

describeInBrowser("a tree", (browser) => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startViewerServer({ store: await openStore("memory:") });
  });

  afterAll(() => server?.stop(500));

  test("shows ancestors, forks with their place, and children that come", async () => {
    const { manager } = server;
    const tabs = await WatchedTabs.open(browser());
    const page = await tabs.newPage();
    const { metadata } = await manager.createSession("Root", { type: "agent", agentName: "a" });
    await manager.addEntries(metadata.id, [userMessage("1"), userMessage("2"), userMessage("3")]);
    const fork = await manager.forkSession(metadata.id, { name: "Fork", entryCount: 2 });
    await page.goto(`${server.url}/s/${fork.metadata.id}`);
    await page.locator(".entry").first().waitFor();
    await page.keyboard.press("t");
    const lines = () => page.locator(".tree .row").allInnerTexts();
    await expect.poll(async () => (await lines()).length).toBe(2);
    expect((await lines())[0]).toMatch(/Root[\s\S]*3 entries/);
    expect((await lines())[1]).toMatch(/Fork[\s\S]*forked after 2 entries/);
    expect(await page.locator(".tree [aria-current]").getAttribute("data-id")).toBe(fork.metadata.id);
    const type = { type: "agent", agentName: "b" } as const;
    await new SessionManager(manager.store).createSession("Child", type, { parentSession: fork.metadata.id });
    await expect.poll(async () => (await lines()).length).toBe(3);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${server.url}/s/${metadata.id}`);
    tabs.expectNoFault();
  });
});
