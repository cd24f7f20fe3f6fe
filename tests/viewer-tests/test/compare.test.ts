import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { assistantMessage, userMessage } from "@thulp-sessions/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

describeInBrowser("two sessions", (browser) => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startViewerServer({ store: await openStore("memory:") });
  });

  afterAll(() => server?.stop(500));

  test("that were marked in the list are compared, entry by entry", async () => {
    const { manager } = server;
    const tabs = await WatchedTabs.open(browser());
    const page = await tabs.newPage();
    const { metadata } = await manager.createSession("Root", { type: "agent", agentName: "a" });
    await manager.addEntries(metadata.id, [userMessage("one"), userMessage("two"), userMessage("three")]);
    const fork = await manager.forkSession(metadata.id, { name: "Fork", entryCount: 2 });
    await manager.addEntries(fork.metadata.id, [
      userMessage("other"),
      assistantMessage("same"),
      userMessage("<b>more</b>"),
    ]);
    await manager.addEntries(metadata.id, [assistantMessage("same")]);
    await page.goto(server.url);
    await page.locator(".row").nth(1).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("c");
    await page.waitForURL(/\/compare\?a=[\w-]{36}&b=[\w-]{36}$/);
    await page.goto(`${server.url}/compare?a=${metadata.id}&b=${fork.metadata.id}`);
    await page.getByText("The first 2 entries are the same. 2 differences.").waitFor();
    const rows = async () =>
      (await page.locator(".compare-rows .equal, .compare-rows .sides").allInnerTexts()).map((text) =>
        text.replace(/\s+/g, " ").trim(),
      );
    // Rows are drawn some frames after the page knows how high they are.
    await expect
      .poll(rows)
      .toEqual([
        "#2 user message three #2 user message other",
        "#3 = #3: 1 equal entry",
        "– #4 user message <b>more</b>",
      ]);
    await page.keyboard.press("n");
    await page.keyboard.press("n");
    await page.locator(".right.current").waitFor();
    await page.keyboard.press("p");
    await page.locator(".changed.current").waitFor();
    await manager.addEntries(metadata.id, [userMessage("<b>more</b>")]);
    await expect.poll(async () => (await rows()).at(-1)).toBe("#3–4 = #3–4: 2 equal entries");
    await page.setViewportSize({ width: 600, height: 800 });
    await expect
      .poll(rows)
      .toEqual(["left #2 user message three right #2 user message other", "#3–4 = #3–4: 2 equal entries"]);
    await manager.addEntries(metadata.id, [assistantMessage(`**${"long ".repeat(1000)}**`)]);
    await page.getByText(/The beginning of 5\.\d KiB; all of it is in the session/).waitFor();
    tabs.expectNoFault();
  });
});
