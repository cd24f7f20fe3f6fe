import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { tempFolder } from "@thulp-sessions/testing";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const CLAUDE = "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b";
const CODEX = "019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071";

describeInBrowser("the histories of agents, served where they lie", (browser) => {
  let server: RunningServer;
  let tabs: WatchedTabs;
  let page: Page;
  let home: string;
  let history: string;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "thulp-test-"));
    history = write(home, `.claude/projects/-home-ada-engine/${CLAUDE}.jsonl`, claudeLines());
    write(home, `.codex/sessions/2026/04/02/rollout-2026-04-02T11-59-59-${CODEX}.jsonl`, codexLines());
    const store = await atHome(home, () => openStore("transcripts:claude-code,codex"));
    server = await startViewerServer({ store, viewerWrites: true });
    tabs = await WatchedTabs.open(browser());
    page = await tabs.newPage();
  });

  afterAll(async () => {
    await server?.stop(500);
    rmSync(home, { recursive: true, force: true });
  });

  test("are listed, read as conversations, and nothing that writes is offered", async () => {
    await page.goto(server.url);
    const rows = page.locator(".row .row-name");
    await rows.nth(1).waitFor();
    await expect.poll(() => rows.allInnerTexts()).toEqual(["Weave it", "Counting cogs"]);
    expect(await page.getByRole("button", { name: /demo/i }).count()).toBe(0);
    await page.getByRole("link", { name: "Counting cogs" }).click();
    await page.getByText("Two looks.").waitFor();
    await page.locator('[data-seq="3"]').waitFor();
    const articles = (await page.locator("article").allInnerTexts()).map((text) => text.replace(/\s+/g, " "));
    expect(articles.find((text) => text.includes("Count the cogs"))).toContain("user");
    expect(articles.find((text) => text.startsWith("#3 ▾ Read"))).toContain("✗ failed");
    tabs.expectNoFault();
  });

  test("grow on the page as the agent writes, and so do the figures", async () => {
    await page.goto(`${server.url}/s/${CLAUDE}`);
    await page.getByText("Two looks.").waitFor();
    appendFileSync(history, reply("m9", "Nine cogs, all told."));
    await page.getByText("Nine cogs, all told.").waitFor();
    await page.keyboard.press("2");
    const usage = page.getByRole("region", { name: "Usage" });
    await usage.getByRole("row", { name: /^claude-opus-4-5 2 / }).waitFor();
    appendFileSync(history, reply("m10", "Ten."));
    await usage.getByRole("row", { name: /^claude-opus-4-5 3 / }).waitFor();
    tabs.expectNoFault();
  });

  test("are found by a search, also what was written a moment ago", async () => {
    await page.goto(`${server.url}/?q=told`);
    await page.locator(".hits .row").first().waitFor();
    expect(await page.locator(".hits .row").allInnerTexts()).toEqual([
      expect.stringContaining("Nine cogs, all told."),
    ]);
    tabs.expectNoFault();
  });

  test("of nobody are no place for a demo, and the page says where to look", async () => {
    const store = await atHome(tempFolder(), () => openStore("transcripts:"));
    const empty = await startViewerServer({ store, viewerWrites: true });
    await page.goto(empty.url);
    await page.getByText("This server only reads transcripts:: what other programs write there").waitFor();
    expect(await page.locator(".snippet").count()).toBe(0);
    expect(await page.getByRole("button", { name: /demo/i }).count()).toBe(0);
    tabs.expectNoFault();
    await page.goto("about:blank");
    await empty.stop(500);
  });
});

/** With the home of nobody: the machine's own histories are none of a test's business. */
async function atHome<T>(home: string, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  for (const name of Object.keys(process.env))
    if (/^(?:XDG_|CLAUDE|CODEX|PI_|GEMINI|QWEN|COPILOT|OPENCODE|GOOSE)/.test(name)) delete process.env[name];
  process.env["HOME"] = home;
  try {
    return await work();
  } finally {
    for (const [name, value] of Object.entries(before)) process.env[name] = value;
  }
}

function write(home: string, path: string, lines: string): string {
  const full = join(home, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, lines);
  return full;
}

function line(record: object): string {
  return `${JSON.stringify(record)}\n`;
}

let second = 0;

function claudeLine(type: string, message: object): string {
  const timestamp = new Date(Date.UTC(2026, 2, 1, 9, 0, second++)).toISOString();
  return line({ type, message, timestamp, uuid: `u${second}`, sessionId: CLAUDE, cwd: "/home/ada/engine" });
}

function reply(id: string, text: string, ...calls: readonly object[]): string {
  const usage = { input_tokens: 10, output_tokens: 2 };
  const content = [{ type: "text", text }, ...calls];
  return claudeLine("assistant", { id, role: "assistant", model: "claude-opus-4-5", usage, content });
}

function claudeLines(): string {
  return (
    claudeLine("user", { role: "user", content: "Count the cogs\nplease" }) +
    reply(
      "m1",
      "Two looks.",
      { type: "tool_use", id: "t1", name: "Bash", input: { command: "ls" } },
      { type: "tool_use", id: "t2", name: "Read", input: { file_path: "/a" } },
    ) +
    claudeLine("user", {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "t1", content: "cog1 cog2" },
        { type: "tool_result", tool_use_id: "t2", content: "no such file", is_error: true },
      ],
    }) +
    line({ type: "ai-title", aiTitle: "Counting cogs", sessionId: CLAUDE })
  );
}

function codexLines(): string {
  const item = (at: number, type: string, payload: object) =>
    line({ timestamp: `2026-04-02T10:00:0${at}.000Z`, type, payload });
  const meta = { id: CODEX, timestamp: "2026-04-02T09:59:59.000Z", cwd: "/home/ada/loom" };
  const text = (role: string, type: string, said: string) => ({
    type: "message",
    role,
    content: [{ type, text: said }],
  });
  return (
    item(0, "session_meta", { ...meta, cli_version: "0.144.0", source: "cli" }) +
    item(1, "event_msg", { type: "user_message", message: "Weave it" }) +
    item(1, "response_item", text("user", "input_text", "Weave it")) +
    item(2, "response_item", text("assistant", "output_text", "Woven."))
  );
}
