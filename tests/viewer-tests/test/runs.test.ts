import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { type EntryDraft, type SessionManager, skillExecution } from "@thulp-sessions/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const TAG = "run-2026-11-28";

describeInBrowser("runs", (browser) => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startViewerServer({ store: await openStore("memory:") });
  });

  afterAll(() => server?.stop(500));

  test("show versions with their scores, what broke first, and lead to the entry that says why", async () => {
    const { manager } = server;
    const tabs = await WatchedTabs.open(browser());
    const page = await tabs.newPage();
    const demo = await manager.createSession(
      "How it is done",
      { type: "teacher_demo", task: "parse", model: "m" },
      { tags: [TAG] },
    );
    await evaluate(manager, demo.metadata.id, { alpha: false, beta: true, gamma: false });
    await page.goto(`${server.url}/runs`);
    await page.getByRole("link", { name: TAG }).click();
    await page.waitForURL(`${server.url}/run/${TAG}`);
    await page.locator(".cases").waitFor();
    const cases = async () =>
      (await page.locator(".cases tbody tr").allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
    expect(await cases()).toEqual(["alpha ✗ never passed", "gamma ✗ never passed", "beta ✓ passes"]);
    // A version that comes is shown by itself.
    const refined = await manager.createSession(
      "Refinement 1",
      { type: "refinement", skillName: "parse", iteration: 1 },
      { tags: [TAG], parentSession: demo.metadata.id },
    );
    const second = await evaluate(manager, refined.metadata.id, { alpha: true, beta: false, gamma: false });
    await expect.poll(cases).toEqual(["beta ✓ ✗ broke", "gamma ✗ ✗ never passed", "alpha ✗ ✓ fixed"]);
    await expect.poll(() => page.locator(".chart .point").count()).toBe(2);
    expect(await page.getByText("fixed 1, broke 1, 1 equal").innerText()).toContain(
      "p = 1.000: no proof of a change",
    );
    await page.getByRole("link", { name: "passed", exact: true }).click();
    await page.waitForURL(/\?metric=passed$/);
    // Score, case, cause: what changed in it, and what made the version.
    await page.getByRole("link", { name: "failed in v1" }).first().focus();
    await page.keyboard.press("d");
    const diff = page.getByRole("region", { name: "What changed" });
    await diff.getByRole("heading", { name: "beta from v0 to v1" }).waitFor();
    expect([await diff.locator("del").innerText(), await diff.locator("ins").innerText()]).toEqual([
      "right",
      "wrong",
    ]);
    await page.keyboard.press("p");
    await page.waitForURL(`${server.url}/s/${refined.metadata.id}`);
    await page.goBack();
    await page.getByRole("link", { name: "failed in v1" }).first().click();
    await page.waitForURL(`${server.url}/s/${second}#e1`);
    await page.locator('.target[data-seq="1"]').waitFor();
    await page.goto(`${server.url}/skill/parse`);
    await expect.poll(() => page.locator("tbody tr").count()).toBe(2);
    tabs.expectNoFault();
  });
});

async function evaluate(
  manager: SessionManager,
  parentSession: string,
  results: Readonly<Record<string, boolean>>,
): Promise<string> {
  const names = Object.keys(results);
  const { metadata } = await manager.createSession(
    "Evaluation",
    { type: "evaluation", skillName: "parse", testCases: names.length },
    { tags: [TAG], parentSession, status: "completed" },
  );
  const passed = names.filter((name) => results[name]).length;
  const entries: EntryDraft[] = names.map((title) =>
    skillExecution("parse", results[title] === true, { title, answer: results[title] ? "right" : "wrong" }),
  );
  await manager.addEntries(metadata.id, [
    ...entries,
    {
      entryType: { type: "evaluation_result", score: passed / names.length, metrics: { passed } },
      content: null,
    },
  ]);
  return metadata.id;
}
