import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { SessionManager, toolCall, userMessage } from "@thulp-sessions/core";
import { startNode, tempFolder } from "@thulp-sessions/testing";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { type Samples, writeSamples } from "./sample-sessions.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const CLI = fileURLToPath(new URL("../../../apps/cli/dist/main.js", import.meta.url));
/** Put together here, so that nobody who looks through this repository takes it for a real one. */
const SECRET = `ghp_${"a1B2".repeat(9)}`;

describeInBrowser("an export", (browser) => {
  let server: RunningServer;
  let samples: Samples;
  let leaky: string;
  let tabs: WatchedTabs;
  let page: Page;

  beforeAll(async () => {
    server = await startViewerServer({ store: await openStore("memory:") });
    samples = await writeSamples(server.manager.store);
    const manager = new SessionManager(server.manager.store);
    const { metadata } = await manager.createSession(
      "Deploy for jane@example.org",
      { type: "agent", agentName: "deployer" },
      { tags: ["ops"], context: { cwd: "/home/jane/app", api_key: "not-much-of-a-key" } },
    );
    leaky = metadata.id;
    await manager.addEntries(leaky, [
      userMessage(`Use ${SECRET}, then mail jane@example.org`),
      toolCall("Bash", true, { command: "ls /home/jane/app", output: SECRET }),
    ]);
    tabs = await WatchedTabs.open(browser());
    page = await tabs.newPage();
  });

  afterAll(() => server?.stop(500));

  test("is what the command writes, byte for byte: JSON, JSONL and Markdown", async () => {
    const folder = tempFolder();
    const ids = [samples.build, samples.evaluation, samples.empty];
    const run = async (format: string, output: string, all: readonly string[]) => {
      const args = ["export", ...all, "--format", format, "--output", output, "--store", server.url];
      const { code, output: said } = await startNode([CLI, ...args]).ended;
      expect(code, said).toBe(0);
    };
    const [lines, text] = [join(folder, "all.jsonl"), join(folder, "all.md")];
    await run("json", folder, ids);
    await run("jsonl", lines, [...ids, samples.hostile]);
    await run("markdown", text, ids);
    const made: Record<string, string[]> = { jsonl: [], markdown: [] };
    for (const id of ids) {
      await openExport(page, server, id);
      const file = await readFile(join(folder, `${id}.json`), "utf8");
      expect(withoutEpoch(await saved(page, "json"))).toBe(withoutEpoch(file));
      for (const format of ["jsonl", "markdown"]) made[format]?.push(await saved(page, format));
    }
    expect(made["markdown"]?.join("\n---\n\n")).toBe(await readFile(text, "utf8"));
    // Contents of anybody too: nothing in them is taken for a secret.
    await openExport(page, server, samples.hostile);
    made["jsonl"]?.push(await saved(page, "jsonl"));
    expect(made["jsonl"]?.join("") === (await readFile(lines, "utf8"))).toBe(true);
    tabs.expectNoFault();
  });

  test("shows first what it would give away and where, and masks what is chosen", async () => {
    await openExport(page, server, leaky);
    const titles = await page.locator(".findings legend").allInnerTexts();
    expect(titles.map((text) => text.trim())).toEqual([
      "Secrets: 2, in 3 places",
      "E-mail addresses: 1, in 2 places",
      "Home folders, which name people: 1, in 2 places",
    ]);
    expect(await page.locator(".findings").first().innerText()).not.toContain(SECRET);
    await page.getByRole("checkbox", { name: /Home folders/ }).check();
    const masked = await saved(page, "jsonl");
    expect(masked).not.toContain(SECRET);
    expect(masked).not.toContain("not-much-of-a-key");
    expect(masked).not.toContain("/home/jane");
    expect(masked).toContain("jane@example.org");
    expect(masked).toContain("Use [secret 2], then mail");
    await page.getByText(/Saved: .*-masked\.jsonl, .*5 places masked/).waitFor();
    // One value can stay; the others of its kind are masked all the same.
    await page.locator(".findings").first().getByRole("checkbox").nth(1).uncheck();
    const partly = await saved(page, "jsonl");
    expect(partly).toContain(SECRET);
    expect(partly).not.toContain("not-much-of-a-key");
    await page.locator(".findings").first().getByRole("link", { name: "#0" }).click();
    await page.waitForURL(new RegExp(`/s/${leaky}#e0$`));
    await page.keyboard.press("5");
    await page.getByText("1 entry, #0 to #0").waitFor();
    await page.locator(".findings").first().waitFor();
    expect((await saved(page, "jsonl")).trim().split("\n")).toHaveLength(2);
    tabs.expectNoFault();
  });

  test("is of what was looked through: what comes meanwhile is not in it, what went is said", async () => {
    const { manager } = server;
    const { metadata } = await manager.createSession("Grows", { type: "conversation", purpose: "x" });
    await manager.addEntries(metadata.id, [userMessage("one"), userMessage("two")]);
    await openExport(page, server, metadata.id);
    await manager.addEntries(metadata.id, [userMessage(`three ${SECRET}`)]);
    await page.getByRole("button", { name: /has changed: look again/ }).waitFor();
    expect((await saved(page, "jsonl")).trim().split("\n")).toHaveLength(3);
    await page.getByRole("button", { name: /has changed: look again/ }).click();
    await page.getByText("Secrets: 1").waitFor();
    expect(await saved(page, "jsonl")).toContain("three [secret 1]");
    await manager.rewindSession(metadata.id, 1);
    await page.getByRole("button", { name: /has changed: look again/ }).waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The session was changed while it was read").waitFor();
    tabs.expectNoFault();
  });

  test("as HTML runs nothing and fetches nothing, wherever it is opened", async () => {
    await openExport(page, server, samples.hostile);
    const html = await saved(page, "html");
    const requests: string[] = [];
    const host = createServer((request, response) => {
      requests.push(request.url ?? "");
      response.writeHead(200, { "content-type": "text/html" }).end(html);
    });
    const url = await listen(host);
    const strangers = await WatchedTabs.open(browser());
    const opened = await strangers.newPage();
    await opened.goto(`${url}/export.html`);
    expect(await opened.locator("script, img, iframe, svg, base, link, object, form").count()).toBe(0);
    expect(await opened.locator("article").count()).toBe(19);
    expect(await opened.getByText("<script>alert(1)</script>").first().isVisible()).toBe(true);
    expect(
      await opened
        .locator("a:not([href^='#'])")
        .evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).protocol)),
    ).not.toContain("javascript:");
    // Its own style is allowed by its hash, and does something.
    expect(await opened.evaluate(() => getComputedStyle(document.body).maxWidth)).toBe("860px");
    expect(requests.filter((path) => path !== "/export.html" && path !== "/favicon.ico")).toEqual([]);
    strangers.expectNoFault();
    await strangers.context.close();
    host.close();
  });
});

async function openExport(page: Page, server: RunningServer, id: string): Promise<void> {
  await page.goto(`${server.url}/s/${id}?tab=export`);
  await page.getByRole("button", { name: "Save" }).waitFor();
}

/** What the browser saves in a format. */
async function saved(page: Page, format: string): Promise<string> {
  await page.getByRole("radio", { name: new RegExp(`^${format}:`, "i") }).check();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save" }).click();
  return readFile(await (await download).path(), "utf8");
}

/** Of the header of a file: the time at which it was written. */
function withoutEpoch(text: string): string {
  return text.replace(/"epoch": +"\d+"/, "");
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
