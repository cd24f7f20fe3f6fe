import { fileURLToPath } from "node:url";
import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import type { EntryDraft } from "@thulp-sessions/core";
import { startNode } from "@thulp-sessions/testing";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AGENT_TAG, agentTurn } from "./agent-session.ts";
import { describeInBrowser } from "./in-browser.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const CLI = fileURLToPath(new URL("../../../apps/cli/dist/main.js", import.meta.url));

describeInBrowser("what a session did and cost", (browser) => {
  let server: RunningServer;
  let tabs: WatchedTabs;
  let page: Page;

  beforeAll(async () => {
    server = await startViewerServer({ store: await openStore("memory:") });
    tabs = await WatchedTabs.open(browser());
    // Keeps the stream that all tabs share: where it begins with a page, statistics are counted again.
    const other = await tabs.newPage();
    await other.goto(`${server.url}/settings`);
    await other.locator("[data-link=live]").waitFor();
    page = await tabs.newPage();
  });

  afterAll(() => server?.stop(500));

  const write = async (
    name: string,
    entries: readonly EntryDraft[],
    tags: readonly string[] = [AGENT_TAG],
  ) => {
    const type = { type: "agent", agentName: "claude-code" } as const;
    const { metadata } = await server.manager.createSession(name, type, { tags: [...tags] });
    for (let i = 0; i < entries.length; i += 500)
      await server.manager.addEntries(metadata.id, entries.slice(i, i + 500));
    return metadata.id;
  };
  const openData = (id: string) => page.goto(`${server.url}/s/${id}?tab=data`);
  const usage = () => page.getByRole("region", { name: "Usage" });
  const rows = async (title: string) => {
    const table = usage().locator("section", { has: page.getByRole("heading", { name: title }) });
    const cells = await table
      .locator("tbody tr, tfoot tr")
      .evaluateAll((trs) => trs.map((tr) => [...tr.children].map((cell) => cell.textContent)));
    return cells;
  };

  /** Of each model the requests and the tokens that it read. */
  const tokens = async () => (await rows("Tokens and cost")).map((cells) => cells.slice(0, 3));

  test("is what the command prints, with what nobody knows the price of", async () => {
    const id = await write("Two models", [
      ...agentTurn({ turn: 1, tokens: { input: 1_000_000, output: 100_000 } }),
      ...agentTurn({ turn: 2, model: "own-model", tokens: { input: 5, output: 7 }, tool: "Write" }),
      ...agentTurn({ turn: 3, failed: true, file: "/src/failed.ts" }),
    ]);
    await openData(id);
    await usage().getByText("Tokens and cost").waitFor();
    const { code, output } = await startNode([
      ...[CLI, "show", id, "--summary", "--json", "--store", server.url],
    ]).ended;
    expect(code, output).toBe(0);
    const { summary } = JSON.parse(output);
    expect(await rows("Tokens and cost")).toEqual([
      ["claude-opus-4-5", "2", "1,001,000", "0", "0", "100,100", "$7.51"],
      ["own-model", "1", "5", "0", "0", "7", "unknown"],
      ["all", "3", "1,001,005", "0", "0", "100,107", "$7.51 or more"],
    ]);
    expect(summary).toMatchObject({
      turns: 3,
      models: [
        { model: "claude-opus-4-5", requests: 2, tokens: { input: 1_001_000, output: 100_100 } },
        { model: "own-model", requests: 1, cost: { unknownRequests: 1 } },
      ],
      cost: { known: 7.5075, knownRequests: 2, unknownRequests: 1 },
    });
    expect(await rows("Tools")).toEqual(
      summary.tools.map(({ name, calls, failed, unstated }: Record<string, unknown>) =>
        [name, calls, failed, unstated].map(String),
      ),
    );
    await expect.poll(() => usage().locator(".files li").allInnerTexts()).toEqual(summary.files);
    expect(summary.files).toEqual(["/src/1.ts", "/src/2.ts"]);
    await usage().getByText("Without 1 request whose price is unknown.").waitFor();
    await usage().getByText(`Prices: ${summary.prices.source}, ${summary.prices.asOf}`).waitFor();
    tabs.expectNoFault();
  });

  test("grows with the session, and is counted again where entries were taken away", async () => {
    const { manager } = server;
    const id = await write("Grows", agentTurn({ turn: 1 }));
    await openData(id);
    await usage().getByText("Tokens and cost").waitFor();
    expect(await tokens()).toEqual([["claude-opus-4-5", "1", "1,000"]]);
    const asked: unknown[] = [];
    page.on("request", (request) => {
      if (request.url().includes("entries.list")) asked.push(request.postDataJSON() ?? request.url());
    });
    await manager.addEntries(id, agentTurn({ turn: 2 }));
    await expect.poll(tokens).toEqual([["claude-opus-4-5", "2", "2,000"]]);
    // Only what is new was asked for.
    expect(JSON.stringify(asked)).not.toContain('"after":-1');
    await manager.rewindSession(id, 4);
    await expect.poll(tokens).toEqual([["claude-opus-4-5", "1", "1,000"]]);
    await manager.rewindSession(id, 0);
    await usage().getByText("No record says which tokens it cost.").waitFor();
    await manager.addEntries(id, agentTurn({ turn: 9, model: "own-model" }));
    await expect.poll(tokens).toEqual([["own-model", "1", "1,000"]]);
    tabs.expectNoFault();
  });

  test("of a long session comes page by page; it can be stopped, and goes on where it was", async () => {
    const turns = Array.from({ length: 150 }, (_, turn) =>
      agentTurn({ turn, text: "x".repeat(turn === 149 ? 700_000 : 20_000) }),
    );
    const id = await write("Long", turns.flat());
    let [pages, largest] = [0, 0];
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let hold = () => {};
    const held = new Promise<void>((resolve) => {
      hold = resolve;
    });
    await page.route(/entries\.list/, async (route) => {
      if (!route.request().postData()?.includes('"pageBytes":262144')) return route.continue();
      pages++;
      if (pages === 2) {
        hold();
        await released;
        // It was given up by the page.
        return route.abort().catch(() => {});
      }
      const response = await route.fetch();
      largest = Math.max(largest, (await response.body()).length);
      return route.fulfill({ response });
    });
    await openData(id);
    await held;
    await usage()
      .getByText(/^Reading what it did and cost/)
      .waitFor();
    await usage().getByRole("button", { name: "Stop" }).click();
    const stopped = await usage().getByText("Stopped: these figures are of the first").innerText();
    const first = Number(/first (\d+) of 600 entries/.exec(stopped)?.[1]);
    expect(first).toBeGreaterThan(25);
    expect(first).toBeLessThan(100);
    // The second entry of each turn is the first that tells of its request.
    const requests = Math.floor((first + 2) / 4);
    expect(await tokens()).toEqual([["claude-opus-4-5", `${requests}`, `${requests},000`]]);
    release();
    await usage().getByRole("button", { name: "Go on" }).click();
    await expect.poll(tokens).toEqual([["claude-opus-4-5", "150", "150,000"]]);
    // What is parsed at a time is bounded, however long the session is.
    expect(pages).toBeGreaterThan(3);
    expect(largest).toBeLessThan(600_000);
    await usage().getByText("1 entry is longer than 512 KiB").waitFor();
    const files = () => usage().locator(".files li").count();
    await expect.poll(files).toBe(10);
    await usage().getByRole("button", { name: "Show 140 more" }).click();
    await expect.poll(files).toBe(150);
    await page.unroute(/entries\.list/);
    tabs.expectNoFault();
  });

  test("says where nothing is known, and does nothing but be seen", async () => {
    const plain = await write("Plain", [{ entryType: { type: "user_message" }, content: "hello" }], []);
    await openData(plain);
    await usage().getByText("No record says which tokens it cost.").waitFor();
    const name = "<img src=x onerror=alert(1)>\u202e";
    const hostile = await write("Of anybody", agentTurn({ turn: 1, model: name, tool: name, file: name }));
    await openData(hostile);
    await expect.poll(() => rows("Tools")).toHaveLength(1);
    expect(await usage().locator("img").count()).toBe(0);
    expect(/[\p{Cf}]/u.test(await usage().innerText())).toBe(false);
    tabs.expectNoFault();
  });

  test("of many sessions is added up when somebody asks; what a fork has copied counts once", async () => {
    const { manager } = server;
    const type = { type: "agent", agentName: "claude-code" } as const;
    const { metadata } = await manager.createSession("Root", type, { tags: [AGENT_TAG, "sum"] });
    await manager.addEntries(metadata.id, [...agentTurn({ turn: 1 }), ...agentTurn({ turn: 2 })]);
    const fork = await manager.forkSession(metadata.id, { entryCount: 4 });
    await manager.addEntries(fork.metadata.id, agentTurn({ turn: 3, model: "own-model" }));
    await page.goto(`${server.url}/stats?tag=sum`);
    // What never answers can be given up.
    await page.route(/entries\.list/, () => {});
    const addUp = usage().getByRole("button", { name: "Add up" });
    await addUp.click();
    await usage().getByRole("button", { name: "Stop" }).click();
    await usage().getByText("Of the oldest 0 sessions, where it was stopped.").waitFor();
    await page.unroute(/entries\.list/);
    await addUp.click();
    await usage().getByText("Of 2 sessions.").waitFor();
    expect(await tokens()).toEqual([
      ["claude-opus-4-5", "2", "2,000"],
      ["own-model", "1", "1,000"],
      ["all", "3", "3,000"],
    ]);
    await usage().getByText("1 request of another session: not counted here").waitFor();
    // What was asked for once is counted again with all the rest.
    await manager.addEntries(fork.metadata.id, agentTurn({ turn: 4, model: "own-model" }));
    await page.getByRole("button", { name: /Sessions have changed/ }).click();
    await expect.poll(async () => (await tokens()).at(-1)).toEqual(["all", "4", "4,000"]);
    tabs.expectNoFault();
  });
});
