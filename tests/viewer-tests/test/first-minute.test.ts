import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "@thulp-sessions/config";
import { startNode, tempFolder } from "@thulp-sessions/testing";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const CLI = fileURLToPath(new URL("../../../apps/cli/dist/main.js", import.meta.url));
const PICTURES = fileURLToPath(new URL("../../../docs/pictures", import.meta.url));

describeInBrowser("the first minute of somebody who is new", (browser) => {
  // Longer than most functions: it is a story.
  test("from an empty store to a link that says why a case broke", async () => {
    const folder = tempFolder();
    const store = `sqlite:${join(folder, "sessions.db")}`;
    const server = await startViewerServer({ store: await openStore(store, { durability: "relaxed" }) });
    const tabs = await WatchedTabs.open(browser(), {
      viewport: { width: 1120, height: 640 },
      colorScheme: "light",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await tabs.newPage();
    // 0 s: the link that the server has printed.
    await page.goto(server.viewer?.newAddress() ?? server.url);
    // 1 s: the store is empty, and the page says how to fill it: its own words are typed.
    await page.getByText("No session yet").waitFor();
    const snippet = await page.locator(".snippet code", { hasText: "demo" }).innerText();
    const [, ...words] = snippet.split(" ");
    const made = await startNode([CLI, ...words, "--json"], { cwd: folder }).ended;
    expect(made.code, made.output).toBe(0);
    const demo = JSON.parse(made.output) as { build: string; run: string; sessions: number };
    await expect.poll(() => page.locator(".row").count()).toBe(demo.sessions);
    // What changed last may come after all the others are there.
    await page.locator(`li:first-child [data-id="${demo.build}"]`).waitFor();
    await picture(page, "list");
    // 10 s: Enter opens a session; the call that failed is red and open.
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${server.url}/s/${demo.build}`);
    const failed = page.locator(".entry.failed");
    await failed.getByText("expected '1e3' to be 1000").waitFor();
    await page.keyboard.press(":");
    await page.keyboard.type("0");
    await page.keyboard.press("Enter");
    await page.locator('.entry[data-seq="0"]').waitFor();
    await picture(page, "session");
    // 20 s: a second terminal appends. Who reads elsewhere is told by a counter.
    const append = ["append", demo.build, "The suite is green.", "--role", "assistant"];
    const appended = await startNode([CLI, ...append, "--store", server.url]).ended;
    expect(appended.code, appended.output).toBe(0);
    await page.getByRole("button", { name: "1 new entry below" }).waitFor();
    await page.keyboard.press("G");
    await page.getByText("The suite is green.").waitFor();
    // 35 s: a word, its hits with context; Enter lands on the entry.
    await page.keyboard.press("/");
    await page.keyboard.type("exponent");
    await page.keyboard.press("Enter");
    await page.locator(".hits mark", { hasText: "exponent" }).first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/s\/[\w-]+#e5$/);
    await page.locator('.entry.target[data-seq="5"]').waitFor();
    // 50 s: the curve, and the case that broke; Enter says why.
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByRole("link", { name: demo.run }).click();
    await page.locator(".cases").waitFor();
    await expect.poll(() => page.locator(".chart .point").count()).toBe(4);
    await page.locator(".cases tbody tr", { hasText: "Weekly Report" }).first().waitFor();
    await picture(page, "run");
    await page
      .getByRole("row", { name: /Weekly Report/ })
      .getByRole("link", { name: "failed in v2" })
      .focus();
    await page.keyboard.press("Enter");
    const broken = page.locator(".entry.target.failed");
    await broken.getByText("weekly-report").waitFor();
    // 60 s: the link goes to a colleague.
    await page.keyboard.press("y");
    await page.getByText("Link copied").waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const colleague = await tabs.newPage();
    await colleague.goto(link);
    await colleague.locator(".entry.target.failed").getByText("weekly-report").waitFor();
    // Beyond the minute, for the pictures.
    await colleague.goto(`${server.url}/stats`);
    await colleague.locator(".figures .bars").first().waitFor();
    await picture(colleague, "statistics");
    await colleague.goto(`${server.url}/s/${demo.build}?tab=export`);
    await colleague.getByRole("button", { name: "Save" }).waitFor();
    tabs.expectNoFault();
    await tabs.context.close();
    await server.stop(500);
  });
});

/** Writes a picture for the documents, when it is asked for by `PICTURES=1`. */
async function picture(page: Page, name: string): Promise<void> {
  if (!process.env["PICTURES"]) return;
  await mkdir(PICTURES, { recursive: true });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: "disabled" });
}
