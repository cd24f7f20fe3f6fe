import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { assistantMessage, toolCall, userMessage } from "@thulp-sessions/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { type Samples, writeSamples } from "./sample-sessions.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

/** Put together here, so that nobody who looks through this repository takes it for a real one. */
const SECRET = `ghp_${"a1B2".repeat(9)}`;
/** The page has only the beginning of such a text, which ends within the secret. */
const LONG = `${"word ".repeat(404)}${SECRET} at the end`;

const ATTACKS = [
  "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>",
  "![tracking](https://evil.example/pixel.png?secret)",
  "[click](javascript:alert(4)) <https://evil.example/> a\u202eb",
  '</pre></details><iframe srcdoc="<script>alert(6)</script>"></iframe><style>body{display:none}</style>',
];

describeInBrowser("a comparison that is saved", (browser) => {
  let server: RunningServer;
  let samples: Samples;
  let tabs: WatchedTabs;
  let page: Page;
  let root: string;
  let fork: string;
  let hostile: string;

  beforeAll(async () => {
    server = await startViewerServer({ store: await openStore("memory:") });
    samples = await writeSamples(server.manager.store);
    const { manager } = server;
    const { metadata } = await manager.createSession("Root of jane@example.org", {
      type: "agent",
      agentName: "a",
    });
    root = metadata.id;
    await manager.addEntries(root, [userMessage("one"), userMessage("two"), userMessage(LONG)]);
    const forked = await manager.forkSession(root, { name: "Fork | of it", entryCount: 2 });
    fork = forked.metadata.id;
    await manager.addEntries(root, [assistantMessage("same")]);
    await manager.addEntries(fork, [
      userMessage(`# other\n${SECRET}`),
      assistantMessage("same"),
      toolCall("Bash", false, { command: "ls", output: "no such file" }),
    ]);
    const attacker = await manager.createSession(
      "<img src=x onerror=alert(7)>\u202e",
      { type: "agent", agentName: "<script>alert(8)</script>" },
      { tags: ["<b>tag</b>"] },
    );
    hostile = attacker.metadata.id;
    await manager.addEntries(hostile, [
      ...ATTACKS.map((text) => userMessage(text)),
      ...ATTACKS.map((text) => toolCall(text, false, { "<u>": text, output: text, command: text })),
    ]);
    tabs = await WatchedTabs.open(browser());
    page = await tabs.newPage();
  });

  afterAll(() => server?.stop(500));

  test("is aligned as it is shown, whole, and without the secrets in it", async () => {
    await page.goto(`${server.url}/compare?a=${root}&b=${fork}`);
    await page.getByText("The first 2 entries are the same. 2 differences.").waitFor();
    await page.keyboard.press("2");
    await page.waitForURL(/&tab=export$/);
    await page.getByText("Of what differs 3 entries with all contents").waitFor();
    await page.locator(".findings legend").first().waitFor();
    const titles = await page.locator(".findings legend").allInnerTexts();
    expect(titles.map((text) => text.trim())).toEqual([
      "Secrets: 1, in 2 places",
      "E-mail addresses: 1, in 1 place",
    ]);
    const links = await page.locator(".findings").first().locator("a").allInnerTexts();
    expect(links.map((text) => text.trim())).toEqual(["left #2", "right #2"]);
    const markdown = await saved(page, "markdown");
    await page.getByText(/Saved: compare-.*-masked\.md, .*2 places masked/).waitFor();
    expect(markdown).not.toContain(SECRET.slice(0, 8));
    expect(markdown.split("\n").filter((line) => line.startsWith("#"))).toEqual([
      "# Two sessions compared",
      "## Changed: left #2, right #2",
      "### left 2. user",
      "### right 2. user",
      "## #3 = #3: 1 equal entry",
      "## Only right: #4",
      "### right 4. tool Bash failed",
    ]);
    expect(markdown).toContain("| name | Root of jane@example.org | Fork \\| of it |");
    expect(markdown).toContain("The first 2 entries are the same. 2 differences.");
    expect(markdown).toContain("[secret 1] at the end");
    expect(markdown).toContain("> # other\n> [secret 1]");
    expect(markdown).not.toContain("> one");
    await page.locator(".findings").first().getByRole("checkbox").first().uncheck();
    await page.locator(".findings").nth(1).getByRole("checkbox").first().check();
    const open = await saved(page, "markdown");
    expect(open).toContain(LONG);
    expect(open).not.toContain("jane@example.org");
    await page.keyboard.press("1");
    await page.locator(".compare-rows .changed").waitFor();
    tabs.expectNoFault();
  });

  test("is of what was looked through, until one asks for more", async () => {
    const { manager } = server;
    await page.goto(`${server.url}/compare?a=${root}&b=${samples.empty}&tab=export`);
    await page.getByText("4 differences. Of what differs 4 entries").waitFor();
    await page.getByRole("button", { name: "Save" }).waitFor();
    await manager.addEntries(root, [userMessage("one more")]);
    const again = page.getByRole("button", { name: /have changed: look again/ });
    await again.waitFor();
    expect(await saved(page, "markdown")).not.toContain("one more");
    await again.click();
    await page.getByText("5 differences. Of what differs 5 entries").waitFor();
    expect(await saved(page, "markdown")).toContain("one more");
    await manager.rewindSession(root, 2);
    await again.waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("A session was changed while it was read").waitFor();
    tabs.expectNoFault();
  });

  test("as HTML runs nothing and fetches nothing, wherever it is opened", async () => {
    await page.goto(`${server.url}/compare?a=${samples.build}&b=${hostile}&tab=export`);
    await page.getByRole("button", { name: "Save" }).waitFor();
    const html = await saved(page, "html");
    const requests: string[] = [];
    const host = createServer((request, response) => {
      requests.push(request.url ?? "");
      response.writeHead(200, { "content-type": "text/html" }).end(html);
    });
    await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
    const strangers = await WatchedTabs.open(browser());
    const opened = await strangers.newPage();
    await opened.goto(`http://127.0.0.1:${(host.address() as AddressInfo).port}/compared.html`);
    expect(await opened.locator("script, img, iframe, svg, base, link, object, form, u, i, b").count()).toBe(
      0,
    );
    // Seven of the one, eight of the other.
    expect(await opened.locator("article").count()).toBe(15);
    expect(await opened.locator("[id]").evaluateAll((all) => new Set(all.map(({ id }) => id)).size)).toBe(15);
    expect(await opened.getByText("<script>alert(1)</script>").first().isVisible()).toBe(true);
    expect(await opened.evaluate(() => /[\p{Cf}]/u.test(document.body.innerText + document.title))).toBe(
      false,
    );
    const links = await opened
      .locator("a:not([href^='#'])")
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).protocol));
    expect(links).not.toContain("javascript:");
    // Its own style is allowed by its hash: two columns, and one where there is no room.
    const columns = () =>
      opened.evaluate(() => getComputedStyle(document.querySelector(".row") as Element).gridTemplateColumns);
    expect((await columns()).split(" ")).toHaveLength(2);
    await opened.setViewportSize({ width: 320, height: 640 });
    expect((await columns()).split(" ")).toHaveLength(1);
    expect(requests.filter((path) => path !== "/compared.html" && path !== "/favicon.ico")).toEqual([]);
    strangers.expectNoFault();
    await strangers.context.close();
    host.close();
  });
});

/** What the browser saves in a format. */
async function saved(page: Page, format: string): Promise<string> {
  await page.getByRole("radio", { name: new RegExp(`^${format}:`, "i") }).check();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save" }).click();
  return readFile(await (await download).path(), "utf8");
}
