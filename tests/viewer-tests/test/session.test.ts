// Longer than most files: what one page does, on sessions of its own.
import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import {
  assistantMessage,
  type EntryType,
  type JsonValue,
  SessionManager,
  toolCall,
  userMessage,
} from "@thulp-sessions/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { focusedByKey } from "./key-then-focus.ts";
import { type Samples, writeSamples } from "./sample-sessions.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const LONG = 20_000;

describeInBrowser("a session", (browser) => {
  let server: RunningServer;
  let samples: Samples;
  let long: string;
  let imported: string;
  let tabs: WatchedTabs;
  let page: Page;

  beforeAll(async () => {
    const store = await openStore("memory:");
    server = await startViewerServer({ store });
    samples = await writeSamples(store);
    long = await writeLong(new SessionManager(store));
    imported = await writeImported(new SessionManager(store));
    tabs = await WatchedTabs.open(browser());
    await tabs.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    page = await tabs.newPage();
  });

  afterAll(() => server?.stop(500));

  const open = async (id: string, rest = "") => {
    await page.goto(`${server.url}/s/${id}${rest}`);
    await page.locator(".entry").first().waitFor();
  };
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());

  test("reads as a conversation: calls folded, the failed one open", async () => {
    await open(samples.build);
    await page.locator('[data-seq="6"]').waitFor();
    const articles = await page.locator("article").allInnerTexts();
    expect(articles.map((text) => text.replace(/\s+/g, " ").slice(0, 40))).toEqual([
      expect.stringContaining("#0 user"),
      expect.stringContaining("#1–3 3 calls: Read, run_tests, Edit"),
      expect.stringContaining("#2 ▾ run_tests npm test ✗ failed"),
      expect.stringContaining("#4 assistant"),
      expect.stringContaining("#5 user"),
      expect.stringContaining("#6 assistant"),
    ]);
    expect(articles[2]).toContain("parse.test.ts expects a number");
    await expect.poll(() => page.locator(".markdown li").allInnerTexts()).toEqual(["look", "fix"]);
    expect(await page.locator("[role=feed] article").first().getAttribute("aria-posinset")).toBe("1");
    await page.keyboard.press("]");
    await expect.poll(() => page.locator(".entry").count()).toBe(7);
    await page.keyboard.press("[");
    await expect.poll(() => page.locator(".entry").count()).toBe(5);
    tabs.expectNoFault();
  });

  test("that was imported reads as a conversation, by the view of its agent", async () => {
    await open(imported);
    await page.getByText("Where are they?").waitFor();
    await page.locator('[data-seq="5"]').waitFor();
    const articles = await page.locator("article").allInnerTexts();
    expect(articles.map((text) => text.replace(/\s+/g, " ").slice(0, 60))).toEqual([
      expect.stringMatching(/^▸ #0–1 2 notes: codex:session_meta, codex:turn_context/),
      expect.stringMatching(/^#2 user .*Weave it/),
      expect.stringMatching(/^#3 assistant .*▸ thinking: Where are they\?/),
      expect.stringMatching(/^#4 assistant .*▸ calls shell make cloth/),
      expect.stringMatching(/^#5 ▾ shell no rule ✗ failed/),
    ]);
    // What is stored is one key away.
    await page.keyboard.press("r");
    await page.getByText("call_id").first().waitFor();
    tabs.expectNoFault();
  });

  test("is found by the beginning of its id; one that is not there is said", async () => {
    // Those of the samples may have been made in one millisecond, and begin alike.
    const id = "5f0c9a2e-5d1b-7a60-8c3e-0123456789ab";
    const { manager } = server;
    await manager.createSession("Alone", { type: "agent", agentName: "clock" }, { id });
    await manager.addEntry(id, { type: "user_message" }, "Nobody begins as I do");
    await open(id.slice(0, 18));
    await page.waitForURL(`${server.url}/s/${id}`);
    await page.goto(`${server.url}/s/ffffffff`);
    await page.getByText("No session begins with ffffffff").waitFor();
    await page.goto(`${server.url}/s/0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f`);
    await page.getByText("There is no session 0190a3c5").waitFor();
  });

  test("opens at its end, of 20,000 entries, and goes to any by its number, with few elements", async () => {
    await open(long);
    await page.locator(`[data-seq="${LONG - 5}"]`).waitFor();
    expect(await focusedByKey(page, ":")).toBe("INPUT");
    await page.keyboard.type("9000");
    await page.keyboard.press("Enter");
    await isAtTop(9000);
    await page.goto(`${server.url}/s/${long}#e5000-5002`);
    await isAtTop(5000);
    await expect.poll(() => page.locator(".target").count()).toBe(3);
    await page.keyboard.press("g");
    await isAtTop(0);
    await page.keyboard.press("G");
    await page.locator(`[data-seq="${LONG - 5}"]`).waitFor();
    await page.mouse.move(500, 400);
    for (let i = 0; i < 40; i++) await page.mouse.wheel(0, -3000);
    await expect.poll(() => page.locator("article").count()).toBeGreaterThan(3);
    expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(1500);
    tabs.expectNoFault();
  });

  test("keeps the place that is read while what is before it is loaded", async () => {
    await page.goto(`${server.url}/s/${long}#e10000`);
    await isAtTop(10_000);
    // By steps as a hand makes them, through several pages of what is loaded.
    let before = 10_000;
    await page.mouse.move(500, 400);
    for (let i = 0; i < 60; i++) {
      await page.mouse.wheel(0, -400);
      const [top = -1] = await topSeqs(1);
      expect(top).toBeLessThanOrEqual(before);
      expect(before - top).toBeLessThan(60);
      before = top;
    }
    expect(before).toBeLessThan(9800);
  });

  test("is not scrolled back to the place of a jump when the wheel is turned immediately after it", async () => {
    await open(long);
    await page.mouse.move(500, 400);
    for (const to of [3000, 8000, 500, 6000, 2000]) {
      await page.keyboard.press(":");
      await page.keyboard.type(String(to));
      await page.keyboard.press("Enter");
      await isAtTop(to);
      await page.mouse.wheel(0, -600);
      await expect.poll(topSeq).toBeLessThan(to);
      let before = await topSeq();
      for (const top of await topSeqs(20)) {
        expect(top).toBeLessThanOrEqual(before);
        before = top;
      }
    }
  });

  test("goes to the last of two places that were asked for, the first of which was still being opened", async () => {
    let release = () => {};
    const holdReading = async () => {
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route(/entries\.list/, async (route) => {
        await released;
        // What was given up meanwhile can no longer be sent.
        await route.continue().catch(() => {});
      });
    };
    const goTo = async (seq: number) => {
      expect(await focusedByKey(page, ":")).toBe("INPUT");
      await page.keyboard.type(String(seq));
      await page.keyboard.press("Enter");
    };
    const opening = () => page.locator(".feed[aria-busy=true]").waitFor();
    await open(long, "#e0");
    await isAtTop(0);
    await holdReading();
    await goTo(15_000);
    await opening();
    // What is loaded still holds it.
    await goTo(5);
    release();
    await isAtTop(5);
    await open(long);
    await page.locator(`[data-seq="${LONG - 5}"]`).waitFor();
    await page.unroute(/entries\.list/);
    await holdReading();
    await goTo(100);
    await opening();
    await page.keyboard.press("G");
    release();
    await page.locator(".feed[aria-busy=false]").waitFor();
    await page.locator(`[data-seq="${LONG - 5}"]`).waitFor();
    await page.unroute(/entries\.list/);
    tabs.expectNoFault();
  });

  test("is searched as a whole, with exact counts", async () => {
    await open(long);
    await page.keyboard.press("Control+f");
    await page.keyboard.type("needle");
    await page.waitForURL(/\?q=needle$/);
    await page.getByText("20 found").waitFor();
    await page.keyboard.press("Enter");
    await page.getByText(/^\d+ of 20$/).waitFor();
    const url = new URL(page.url());
    expect(url.searchParams.get("q")).toBe("needle");
    const count = page.locator(".find-count");
    await page.keyboard.press("g");
    await isAtTop(0);
    await page.keyboard.press("n");
    await page.keyboard.press("n");
    await expect.poll(() => count.innerText()).toMatch(/^\d+ of 20$/);
    const at = Number(/^(\d+) of/.exec(await count.innerText())?.[1]);
    await page.keyboard.press("n");
    await expect.poll(() => count.innerText()).toBe(`${(at % 20) + 1} of 20`);
    await page.keyboard.press("N");
    await expect.poll(() => count.innerText()).toBe(`${at} of 20`);
    await page.locator("article.current", { hasText: "needle" }).waitFor();
    const marks = () => page.evaluate(() => CSS.highlights.get("find")?.size ?? 0);
    await expect.poll(marks).toBeGreaterThan(0);
    await page.goto(`${server.url}/s/${long}?q=nowhere`);
    await expect.poll(() => count.innerText()).toBe("not found");
  });

  test("is gone through by keys: entries, turns, failures, results", async () => {
    await open(samples.build, "#e0");
    const current = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");
    await isAtTop(0);
    await page.keyboard.press("j");
    await expect.poll(current).toBe("3 calls");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator(".entry").count()).toBe(7);
    await page.keyboard.press("f");
    await expect.poll(current).toBe("2 run_tests, failed");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator(`[data-seq="2"] .entry-body`).count()).toBe(0);
    await page.keyboard.press("J");
    await expect.poll(current).toBe("5 user");
    await page.keyboard.press("y");
    await expect.poll(clipboard).toBe(`${server.url}/s/${samples.build}#e5`);
    await page.keyboard.press("Y");
    await expect.poll(clipboard).toContain('"Good."');
    await open(samples.evaluation, "#e0");
    await page.keyboard.press("e");
    await expect.poll(current).toBe("2 evaluation");
    expect(await page.locator(".metrics").innerText()).toMatch(/score\s+0\.5\s+passed\s+1/);
    await page.keyboard.press("2");
    await page.getByRole("heading", { name: "Entries by type" }).waitFor();
    await page.keyboard.press("3");
    await page.getByRole("heading", { name: "Context" }).waitFor();
    await page.keyboard.press("r");
    await page.getByText('"entryType"').first().waitFor();
    tabs.expectNoFault();
  });

  test("shows a kind of entries alone, which the address says", async () => {
    await open(long, "?k=failed");
    await expect.poll(() => page.locator(".entry.failed").count()).toBeGreaterThan(3);
    expect(await page.locator(".entry:not(.failed)").count()).toBe(0);
    await page.getByRole("combobox").selectOption("messages");
    await page.waitForURL(/\?k=messages$/);
    await page.locator(".entry-user_message").first().waitFor();
    expect(await page.locator(".entry-tool_call").count()).toBe(0);
    await page.keyboard.press("\\");
    await page.getByRole("link", { name: "#0 Turn 0" }).click();
    await page.waitForURL(/#e0$/);
    await isAtTop(0);
  });

  /** Which entry is at the top after each of so many frames, or now. */
  const topSeqs = (frames: number) =>
    page.evaluate(async (count) => {
      const now = () => {
        const top = document.querySelector(".feed")?.getBoundingClientRect().top ?? 0;
        const rows = [...document.querySelectorAll<HTMLElement>(".feed [aria-posinset]")];
        const first = rows
          .map((row) => ({
            seq: Number(row.getAttribute("aria-posinset")) - 1,
            box: row.getBoundingClientRect(),
          }))
          .filter(({ box }) => box.bottom > top + 10)
          .sort((a, b) => a.box.top - b.box.top)[0];
        return first?.seq ?? -1;
      };
      if (count === 0) return [now()];
      const seqs: number[] = [];
      for (let i = 0; i < count; i++) {
        await new Promise(requestAnimationFrame);
        // In a task of its own: within a frame what was scrolled may not be drawn yet.
        await new Promise((resolve) => setTimeout(resolve));
        seqs.push(now());
      }
      return seqs;
    }, frames);
  const topSeq = async () => (await topSeqs(0))[0] ?? -1;
  const isAtTop = (seq: number) => expect.poll(topSeq, { timeout: 10_000 }).toBe(seq);
});

/** As an import of Codex stores it. */
async function writeImported(manager: SessionManager): Promise<string> {
  const { metadata } = await manager.createSession(
    "Weaving",
    { type: "agent", agentName: "codex" },
    { tags: ["agent:codex"] },
  );
  const item = (type: string, payload: object) => ({ timestamp: "2026-04-02T10:00:00Z", type, payload });
  const entries: readonly (readonly [EntryType, object])[] = [
    [{ type: "system_event", event: "codex:session_meta" }, item("session_meta", { id: "t" })],
    [{ type: "system_event", event: "codex:turn_context" }, item("turn_context", { model: "m" })],
    [
      { type: "user_message" },
      item("response_item", {
        type: "message",
        role: "user",
        content: [{ type: "input_text", text: "Weave it" }],
      }),
    ],
    [
      { type: "assistant_message" },
      item("response_item", {
        type: "reasoning",
        summary: [{ type: "summary_text", text: "Where are they?" }],
      }),
    ],
    [
      { type: "assistant_message" },
      item("response_item", {
        type: "function_call",
        name: "shell",
        call_id: "c",
        arguments: '{"command":"make cloth"}',
      }),
    ],
    [
      { type: "tool_call", toolName: "shell", success: false },
      item("response_item", { type: "function_call_output", call_id: "c", output: "no rule" }),
    ],
  ];
  await manager.addEntries(
    metadata.id,
    entries.map(([entryType, record]) => ({
      entryType,
      content: { source: { agent: "codex", session: "t" }, record } as unknown as JsonValue,
    })),
  );
  return metadata.id;
}

async function writeLong(manager: SessionManager): Promise<string> {
  const { metadata } = await manager.createSession("Long", { type: "agent", agentName: "long" });
  const all = Array.from({ length: LONG }, (_, i) => {
    if (i % 10 === 0) return userMessage(`Turn ${i}`);
    if (i % 10 === 5)
      return assistantMessage(
        `${"Some words of an answer. ".repeat((i * 7) % 23)}${i % 1000 === 5 ? "needle" : ""}`,
      );
    return toolCall(i % 2 ? "Read" : "Bash", i % 97 !== 0, { path: `src/${i}.ts` });
  });
  for (let i = 0; i < all.length; i += 5000) await manager.addEntries(metadata.id, all.slice(i, i + 5000));
  return metadata.id;
}
