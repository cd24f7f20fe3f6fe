import { createRequire } from "node:module";
import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AGENT_TAG, agentTurn } from "./agent-session.ts";
import { describeInBrowser } from "./in-browser.ts";
import { type Samples, writeSamples } from "./sample-sessions.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

describeInBrowser("every page", (browser) => {
  let server: RunningServer;
  let locked: RunningServer;
  let samples: Samples;
  let imported: string;
  let tabs: WatchedTabs;
  let page: Page;

  beforeAll(async () => {
    const store = await openStore("memory:");
    server = await startViewerServer({ store });
    samples = await writeSamples(store);
    const type = { type: "agent", agentName: "claude-code" } as const;
    const { metadata } = await server.manager.createSession("Imported", type, { tags: [AGENT_TAG] });
    imported = metadata.id;
    const turns = Array.from({ length: 12 }, (_, turn) => agentTurn({ turn, model: `model-${turn % 2}` }));
    await server.manager.addEntries(imported, turns.flat());
    locked = await startViewerServer({
      store: await openStore("memory:"),
      token: "the-token",
    });
    // A script from elsewhere, as axe is, would be refused by the policy of the page.
    tabs = await WatchedTabs.open(browser(), { bypassCSP: true });
    page = await tabs.newPage();
  });

  afterAll(async () => {
    await server?.stop(500);
    await locked?.stop(500);
  });

  const PAGES: readonly (readonly [string, () => string, string])[] = [
    ["the list", () => `${server.url}/`, ".row"],
    ["the list as a table", () => `${server.url}/?view=table`, ".table-row"],
    ["a search", () => `${server.url}/?q=build`, ".hits .row"],
    ["a filter that nothing matches", () => `${server.url}/?tag=nobody`, ".empty"],
    ["a session", () => `${server.url}/s/${samples.build}`, ".entry"],
    ["a session of anybody", () => `${server.url}/s/${samples.hostile}#e0`, ".entry"],
    ["its raw view", () => `${server.url}/s/${samples.evaluation}?tab=raw`, ".entry"],
    ["its data", () => `${server.url}/s/${samples.evaluation}?tab=data`, ".facts"],
    ["what one did and cost", () => `${server.url}/s/${imported}?tab=data`, ".numbers"],
    ["its export", () => `${server.url}/s/${samples.hostile}?tab=export`, ".findings"],
    ["its context", () => `${server.url}/s/${samples.hostile}?tab=context`, ".json"],
    ["an empty session", () => `${server.url}/s/${samples.empty}`, ".empty"],
    ["a session that is not there", () => `${server.url}/s/ffffffff`, ".text-page"],
    ["a tree", () => `${server.url}/s/${samples.build}/tree`, ".tree .row"],
    [
      "two sessions compared",
      () => `${server.url}/compare?a=${samples.build}&b=${samples.hostile}`,
      ".compare-rows .sides",
    ],
    [
      "two sessions compared, to be saved",
      () => `${server.url}/compare?a=${samples.build}&b=${imported}&tab=export`,
      ".formats",
    ],
    ["statistics", () => `${server.url}/stats`, ".figures .bars"],
    ["the runs", () => `${server.url}/runs`, "table"],
    ["a run", () => `${server.url}/run/nightly`, ".cases"],
    ["a skill", () => `${server.url}/skill/parse`, "table"],
    ["the settings", () => `${server.url}/settings`, ".facts"],
    ["the help", () => `${server.url}/help`, ".keys"],
    ["the page that asks for a token", () => `${locked.url}/`, ".token-form"],
  ];

  test.each(PAGES)("is accessible, light, and dark and 320 px wide: %s", async (_, url, ready) => {
    await page.goto(url());
    await page.locator(ready).first().waitFor();
    await page.addScriptTag({ path: AXE });
    await page.emulateMedia({ colorScheme: "light" });
    expect(await findings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await findings(page)).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(320);
    await page.setViewportSize({ width: 1200, height: 800 });
  });

  test("is accessible: the palette", async () => {
    await page.goto(`${server.url}/`);
    await page.locator(".row").first().waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("option", { name: "Fix the build" }).waitFor();
    await page.addScriptTag({ path: AXE });
    expect(await findings(page)).toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await findings(page)).toEqual([]);
    await page.setViewportSize({ width: 1200, height: 800 });
  });

  test("opens by a code that is good once and leaves the address; new tabs are given the token", async () => {
    const fresh = await WatchedTabs.open(browser());
    const first = await fresh.newPage();
    const address = locked.viewer?.newAddress() ?? "";
    expect(address).toMatch(/#c=[\w-]{22}$/);
    await first.goto(address);
    await first.getByText("No session yet").waitFor();
    expect(first.url()).toBe(`${locked.url}/`);
    const second = await fresh.newPage();
    await second.goto(`${locked.url}/`);
    await second.getByText("No session yet").waitFor();
    await first.reload();
    await first.getByText("No session yet").waitFor();
    await fresh.context.close();
    const stranger = await WatchedTabs.open(browser());
    const third = await stranger.newPage();
    await third.goto(address);
    await third.getByText("The code in the link is used up or too old").waitFor();
    await third.getByLabel("Token").fill("wrong");
    await third.keyboard.press("Enter");
    await third.getByText("The server does not take the token").waitFor();
    await third.getByLabel("Token").fill(" the-token\n");
    await third.keyboard.press("Enter");
    await third.getByText("No session yet").waitFor();
    await stranger.context.close();
  });

  test("remembers the theme, and has it before anything is drawn", async () => {
    await page.goto(`${server.url}/settings`);
    await page.getByRole("radio", { name: "dark" }).check();
    await page.goto(server.url);
    await page.locator(".row").first().waitFor();
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("dark");
    await page.evaluate(() => localStorage.clear());
  });
});

async function findings(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    return axe.run();
  });
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`,
  );
}

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}
