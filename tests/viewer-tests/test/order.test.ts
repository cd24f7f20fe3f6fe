// Longer than most files: each order of events needs a few lines to be brought about.
import type { RunningServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import {
  type EntryDraft,
  type SessionId,
  type SessionManager,
  toolCall,
  userMessage,
} from "@thulp-sessions/core";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeInBrowser } from "./in-browser.ts";
import { focusedByKey } from "./key-then-focus.ts";
import { type Samples, writeSamples } from "./sample-sessions.ts";
import { startViewerServer } from "./viewer-server.ts";
import { WatchedTabs } from "./watched-page.ts";

const NOTE: EntryDraft = {
  entryType: { type: "system_event", event: "codex:turn_context" },
  content: {
    source: { agent: "codex", session: "t" },
    record: { timestamp: "2026-04-02T10:00:00Z", type: "turn_context", payload: { model: "m" } },
  },
};

/**
 * What a slow machine or server makes of the order of events, brought about here by holding requests, and by
 * keys that come before the next frame.
 */
describeInBrowser("in another order than usual", (browser) => {
  let server: RunningServer;
  let manager: SessionManager;
  let samples: Samples;
  let long: string;
  let tabs: WatchedTabs;
  let page: Page;

  beforeAll(async () => {
    const store = await openStore("memory:");
    server = await startViewerServer({ store });
    manager = server.manager;
    samples = await writeSamples(store);
    const { metadata } = await manager.createSession("Long", { type: "agent", agentName: "long" });
    long = metadata.id;
    await manager.addEntries(
      long,
      Array.from({ length: 400 }, (_, i) =>
        i % 100 === 50 ? toolCall("Bash", false, { command: `make ${i}` }) : userMessage(`Entry ${i}`),
      ),
    );
    tabs = await WatchedTabs.open(browser());
    // Keeps the stream that all tabs share: where it begins with a page, its list is read again.
    const other = await tabs.newPage();
    await other.goto(`${server.url}/settings`);
    await other.locator("[data-link=live]").waitFor();
    page = await tabs.newPage();
    await page.addInitScript(addHelpers);
  });

  afterEach(() => page.unrouteAll({ behavior: "ignoreErrors" }));
  afterAll(() => server?.stop(500));

  const openList = async (query = "") => {
    await page.goto(`${server.url}/${query}`);
    await page.locator(".row").first().waitFor();
  };
  const openSession = async (id: string, rest = "") => {
    await page.goto(`${server.url}/s/${id}${rest}`);
    await page.locator(".entry").first().waitFor();
  };
  const place = () => page.evaluate(() => location.pathname + location.search);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");

  test("a key counts as soon as a page is there, before it is painted", async () => {
    await openList();
    await page.evaluate(() => helpers.whenThere(".session", 1, () => helpers.press("2")));
    await page.locator(`[data-id="${samples.build}"]`).click();
    await page.waitForURL(/\?tab=data$/);
    tabs.expectNoFault();
  });

  test("of two rows that were gone to before they were measured the last has the focus", async () => {
    await page.goto(`${server.url}/help`);
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    await page.evaluate(() => helpers.whenThere(".row", 3, () => helpers.press("j", "j")));
    await page.locator(".home").click();
    await page.locator(".row").nth(2).waitFor();
    const at = () =>
      page.evaluate(() => [...document.querySelectorAll(".row")].indexOf(document.activeElement as Element));
    await expect.poll(at).toBe(1);
    tabs.expectNoFault();
  });

  test("the palette has the letters from the first one on, and keeps what was chosen in it", async () => {
    await page.goto(`${server.url}/help`);
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    const answers = await hold(page, /sessions\.list/);
    // Where a page had to be loaded for it, they would be keys of the one that is seen.
    expect(await focusedByKey(page, "k", { ctrlKey: true })).toBe("INPUT");
    await page.keyboard.type("nightly");
    await page.getByRole("option", { name: "Search for nightly" }).waitFor();
    await page.keyboard.press("ArrowDown");
    answers.release();
    await page.getByRole("option", { name: "Nightly evaluation" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\?q=nightly$/);
    tabs.expectNoFault();
  });

  const typeWithMove = (field: string) =>
    page.evaluate(async (selector) => {
      const moved = helpers.nextMove();
      helpers.type(selector, "Entr");
      await moved;
      helpers.type(selector, "Entry");
      await helpers.settle();
      return document.querySelector<HTMLInputElement>(selector)?.value;
    }, field);

  test("no letter is lost that comes with the list of those before it, and none leads back to it", async () => {
    await openList();
    expect(await typeWithMove(".search input")).toBe("Entry");
    await page.waitForURL(/\?q=Entry$/);
    await page.locator(".hits[aria-busy=false] .row").first().waitFor();
    await page.evaluate(async () => {
      helpers.type(".search input", "nightly");
      document.querySelector<HTMLElement>(".row")?.click();
      await helpers.timer(200);
    });
    expect(await place()).toBe(`/s/${long}`);
    tabs.expectNoFault();
  });

  test("no letter is lost that comes with the hits of those before it; hits are those of the words", async () => {
    await openSession(long);
    expect(await typeWithMove(".find input")).toBe("Entry");
    await page.waitForURL(/\?q=Entry$/);
    await page.getByText("396 found").waitFor();
    const [told, isKey] = await page.evaluate(async () => {
      const moved = helpers.nextMove();
      helpers.type(".find input", "nowhere");
      await moved;
      const n = new KeyboardEvent("keydown", { key: "n", bubbles: true, cancelable: true });
      document.body.dispatchEvent(n);
      return [document.querySelector(".find-count")?.textContent, n.defaultPrevented];
    });
    expect(told).toBe("…");
    expect(isKey).toBe(false);
    await page.getByText("not found").waitFor();
    await page.evaluate(async () => {
      helpers.type(".find input", "Entry");
      await helpers.press("u");
      await helpers.timer(200);
    });
    expect(await place()).toBe("/");
    tabs.expectNoFault();
  });

  test("a key goes to none of the hits of the words before", async () => {
    await openList("?q=build");
    const answers = await hold(page, /sessions\.search/);
    await page.keyboard.press("/");
    await page.locator(".search input").fill("Good");
    await page.keyboard.press("Enter");
    await page.locator(".hits[aria-busy=true]").waitFor();
    await page.keyboard.press("j");
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("BODY");
    answers.release();
    await page.locator(".hits[aria-busy=false]").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/s/${samples.build}#e5$`));
    tabs.expectNoFault();
  });

  test("a session that is deleted while the list is read does not stay in it", async () => {
    const { metadata } = await manager.createSession("Short-lived", { type: "conversation", purpose: "x" });
    const second = await tabs.newPage();
    await second.goto(server.url);
    const there = (on: Page) => on.locator(`[data-id="${metadata.id}"]`);
    await there(second).waitFor();
    const answers = await hold(page, /sessions\.list/);
    await page.goto(server.url);
    await answers.held;
    await manager.deleteSession(metadata.id);
    await there(second).waitFor({ state: "detached" });
    answers.release();
    await page.locator(".row").first().waitFor();
    await expect.poll(() => there(page).count()).toBe(0);
    await second.close();
    tabs.expectNoFault();
  });

  test("rows that are on their way are shown, and read again, when the stream of changes begins", async () => {
    // Of a browser of its own: its first page begins the stream.
    const own = await WatchedTabs.open(browser());
    const alone = await own.newPage();
    // Of two routes the later one is asked, here once.
    const again = await hold(alone, /sessions\.list/);
    const first = await hold(alone, /sessions\.list/, "", 1);
    await alone.goto(server.url);
    await first.held;
    await alone.locator("[data-link=live]").waitFor();
    const { metadata } = await manager.createSession("Late", { type: "conversation", purpose: "x" });
    first.release();
    await alone.locator(".row").first().waitFor();
    await again.held;
    again.release();
    await alone.locator(`[data-id="${metadata.id}"]`).waitFor();
    await manager.deleteSession(metadata.id);
    await own.context.close();
  });

  test("entries that come while a session is opened stand in it once", async () => {
    const { metadata } = await manager.createSession("Growing", { type: "conversation", purpose: "x" });
    await manager.addEntries(
      metadata.id,
      Array.from({ length: 20 }, (_, i) => userMessage(`Entry ${i}`)),
    );
    const [head, grown] = [gate(), gate()];
    page.on("response", (response) => response.url().includes("sessions.head") && head.open());
    await page.route(/entries\.list/, async (route) => {
      await grown.opened;
      await route.continue();
    });
    await page.goto(`${server.url}/s/${metadata.id}#e15`);
    await head.opened;
    await manager.addEntries(metadata.id, [userMessage("Entry 20"), userMessage("Entry 21")]);
    grown.open();
    await page.locator('[data-seq="21"]').waitFor();
    await manager.addEntries(metadata.id, [userMessage("Entry 22")]);
    await page.locator('[data-seq="22"]').waitFor();
    const places = () =>
      page
        .locator("[data-seq]")
        .evaluateAll((all) => all.map((each) => Number(each.getAttribute("data-seq"))));
    const seen = await places();
    expect(seen).toEqual([...new Set(seen)]);
    await manager.deleteSession(metadata.id);
    tabs.expectNoFault();
  });

  test("what is known of a session is shown where its entries cannot be read", async () => {
    await page.route(/entries\.list/, (route) => route.fulfill({ status: 400, body: "no" }));
    await page.goto(`${server.url}/s/${samples.build}`);
    await page.getByRole("button", { name: "Try again" }).waitFor();
    await page.getByRole("heading", { name: "Fix the build" }).waitFor();
    await page.unrouteAll();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".entry").first().waitFor();
  });

  test("a list that could not be read is not said to be empty because it could be counted", async () => {
    await page.route(/sessions\.list/, (route) => route.fulfill({ status: 400, body: "no" }));
    await page.goto(server.url);
    await page.locator(".facets li").first().waitFor();
    await page.getByRole("button", { name: "Try again" }).waitFor();
    expect(await page.getByText("No session matches").count()).toBe(0);
    await page.unroute(/sessions\.list/);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".row").first().waitFor();
  });

  test("a key opens nothing of the list before while another one is loaded", async () => {
    await openList();
    await page.keyboard.press("j");
    const answers = await hold(page, /sessions\.list/);
    await page.locator(".facets").getByRole("link", { name: "completed" }).click();
    await page.locator(".rows[aria-busy=true]").waitFor();
    await page.keyboard.press("o");
    expect(await place()).toBe("/?status=completed");
    answers.release();
    await page.locator(".row").first().waitFor();
    tabs.expectNoFault();
  });

  test("the days of the statistics before are not those of a list that is counted yet", async () => {
    await page.goto(`${server.url}/stats?type=agent`);
    await page.getByText(/were last changed from/).waitFor();
    const answers = await hold(page, /sessions\.count/);
    await page.locator(".chip").click();
    await page.keyboard.press("o");
    await expect.poll(place).toBe("/");
    answers.release();
    tabs.expectNoFault();
  });

  test("entries that come with the end of a session stand there once", async () => {
    await openSession(long);
    await page.locator('[data-seq="399"]').waitFor();
    await page.keyboard.press("g");
    await page.locator('[data-seq="0"]').waitFor();
    // What follows is read by pages of their own size.
    const answers = await hold(page, /entries\.list/, '"limit":200');
    await manager.addEntries(long, [userMessage("Comes once"), userMessage("And this")]);
    await answers.held;
    await page.keyboard.press("G");
    await page.locator('[data-seq="401"]').waitFor();
    answers.release();
    await manager.addEntries(long, [userMessage("Comes last")]);
    await page.locator('[data-seq="402"]').waitFor();
    const texts = await page.locator(".entry").allInnerTexts();
    expect(texts.filter((text) => text.includes("Comes once"))).toHaveLength(1);
    tabs.expectNoFault();
  });

  test("a failure that comes while one reads elsewhere stands at the end of the failures", async () => {
    const { metadata } = await manager.createSession("Fails", { type: "agent", agentName: "fails" });
    const failures = (count: number) => Array.from({ length: count }, () => toolCall("Bash", false, {}));
    await manager.addEntries(metadata.id, failures(80));
    await openSession(metadata.id, "?k=failed");
    await page.locator('[data-seq="79"]').waitFor();
    await page.keyboard.press("g");
    await page.locator('[data-seq="0"]').waitFor();
    await manager.addEntries(metadata.id, failures(1));
    await page.getByRole("button", { name: "1 new entry below" }).waitFor();
    await page.keyboard.press("G");
    await page.locator('[data-seq="80"]').waitFor();
    tabs.expectNoFault();
  });

  test("a key that leads to a place goes on from where the one before it leads", async () => {
    await openSession(long, "#e0");
    await page.locator('.target[data-seq="0"]').waitFor();
    const answers = await hold(page, /entries\.search/);
    await page.keyboard.press("f");
    await page.keyboard.press("f");
    await page.keyboard.press("f");
    answers.release();
    await expect.poll(focused).toBe("250 Bash, failed");
    tabs.expectNoFault();
  });

  test.each(["G", "PageDown"])(
    "a place that is found late leads nobody away who has moved meanwhile by %s",
    async (key) => {
      await openList();
      await openSession(long, "#e0");
      await page.locator('.target[data-seq="0"]').waitFor();
      const { entryCount } = await manager.store.head(long as SessionId);
      const last = page.locator(`[data-seq="${entryCount - 1}"]`);
      const answers = await hold(page, /entries\.search/);
      await page.locator(".feed").focus();
      await page.keyboard.press("f");
      await answers.held;
      await page.keyboard.press(key);
      if (key === "G") await last.waitFor();
      // The next key waits for what this one finds.
      await page.keyboard.press("e");
      answers.release();
      await page.getByText("No further evaluation result").waitFor();
      await page.evaluate(() => helpers.frames(15));
      expect(await last.count()).toBe(key === "G" ? 1 : 0);
      expect(await focused()).not.toBe("50 Bash, failed");
      expect(await page.locator('[data-seq="50"]').count()).toBe(0);
      // The next key counts again.
      await page.keyboard.press("g");
      await page.locator('[data-seq="0"]').waitFor();
      await page.keyboard.press("f");
      await expect.poll(focused).toBe("50 Bash, failed");
      tabs.expectNoFault();
    },
  );

  test("entries are not drawn before it is known how those of their agent are read", async () => {
    const type = { type: "agent", agentName: "codex" } as const;
    const { metadata } = await manager.createSession("Notes", type, { tags: ["agent:codex"] });
    await manager.addEntries(metadata.id, [NOTE, NOTE, userMessage("Weave it")]);
    const view = await hold(page, /assets\/codex\./);
    await page.goto(`${server.url}/s/${metadata.id}`);
    await view.held;
    await page.locator(".feed[aria-busy=false]").waitFor();
    await page.evaluate(() => helpers.frames(5));
    expect(await page.locator("article").count()).toBe(0);
    view.release();
    await page.getByText("2 notes").waitFor();
    tabs.expectNoFault();
  });

  test("who turns away from the end is left alone, also where the list was scrolled to it just now", async () => {
    await openSession(long);
    await page.locator('[data-seq="402"]').waitFor();
    await page.evaluate(async () => {
      const feed = document.querySelector(".feed") as HTMLElement;
      feed.scrollTop -= 200;
      await helpers.frames(3);
      feed.scrollTop = feed.scrollHeight;
      feed.dispatchEvent(new WheelEvent("wheel", { deltaY: -100, bubbles: true }));
      await helpers.frames(3);
    });
    await manager.addEntries(long, [userMessage("Not followed")]);
    await page.getByRole("button", { name: "1 new entry below" }).waitFor();
    // Another kind of entries has a count of its own.
    await page.getByRole("combobox").selectOption("messages");
    await page.locator('[data-seq="403"]').waitFor();
    await page.keyboard.press("g");
    await page.locator('[data-seq="0"]').waitFor();
    await manager.addEntries(long, [userMessage("Below")]);
    await page.getByRole("button", { name: "1 new entry below" }).waitFor();
    tabs.expectNoFault();
  });

  test("a child that comes while its tree is read stands in it", async () => {
    const type = { type: "agent", agentName: "a" } as const;
    const { metadata: root } = await manager.createSession("Parent", type);
    const answers = await hold(page, /sessions\.tree/, "", 1);
    await page.goto(`${server.url}/s/${root.id}/tree`);
    await answers.held;
    const second = await tabs.newPage();
    await second.goto(server.url);
    await second.locator(`[data-id="${root.id}"]`).waitFor();
    const { metadata: child } = await manager.createSession("Child", type, { parentSession: root.id });
    await second.locator(`[data-id="${child.id}"]`).waitFor();
    await second.close();
    answers.release();
    await page.locator(`.tree [data-id="${root.id}"]`).waitFor();
    await page.locator(`.tree [data-id="${child.id}"]`).waitFor();
    await manager.deleteSession(child.id);
    await manager.deleteSession(root.id);
    tabs.expectNoFault();
  });

  test("nothing is saved of what has not been looked through", async () => {
    const { metadata } = await manager.createSession("Grows", { type: "conversation", purpose: "x" });
    await manager.addEntries(metadata.id, [userMessage("one")]);
    await page.goto(`${server.url}/s/${metadata.id}?tab=export`);
    await page.getByRole("button", { name: "Save" }).waitFor();
    await manager.addEntries(metadata.id, [userMessage("two")]);
    await page.getByRole("button", { name: /has changed: look again/ }).waitFor();
    const forms = await page.evaluate(async () => {
      const again = [...document.querySelectorAll("button")].find((each) => /again/.test(each.innerText));
      again?.click();
      await helpers.settle();
      return document.querySelectorAll(".formats").length;
    });
    expect(forms).toBe(0);
    await page.getByRole("button", { name: "Save" }).waitFor();
    tabs.expectNoFault();
  });

  test("a token that was refused takes none away that was given since", async () => {
    const locked = await startViewerServer({ store: await openStore("memory:"), token: "the-token" });
    const others = await WatchedTabs.open(browser());
    await others.context.addInitScript(() => void Reflect.deleteProperty(globalThis, "SharedWorker"));
    const [leader, follower] = [await others.newPage(), await others.newPage()];
    await leader.goto(locked.viewer?.newAddress() ?? "");
    await leader.locator("[data-link=live]").waitFor();
    await follower.goto(locked.url);
    await follower.getByText("No session yet").waitFor();
    await follower.evaluate(() => {
      const channel = new BroadcastChannel("thulp-sessions");
      channel.postMessage({ from: { type: "link", link: { state: "refused", token: "the one before" } } });
    });
    await follower.locator("[data-link=refused]").waitFor();
    expect(await follower.getByText("No session yet").count()).toBe(1);
    await others.context.close();
    await locked.stop(500);
  });

  test("a server that needed no token the last time is asked for sessions before its settings are there", async () => {
    await openList();
    const settings = await hold(page, /viewer\/settings/);
    await openList("?status=active");
    await openSession(samples.build);
    settings.release();
    tabs.expectNoFault();
  });

  test("a server that needs a token since then asks for it, and nothing is shown without", async () => {
    const others = await WatchedTabs.open(browser());
    const visitor = await others.newPage();
    const before = await startViewerServer({ store: await openStore("memory:") });
    const { port } = new URL(before.url);
    await visitor.goto(before.url);
    await visitor.getByText("No session yet").waitFor();
    await visitor.goto("about:blank");
    await before.stop(0);
    const locked = await startViewerServer({
      store: await openStore("memory:"),
      port: Number(port),
      token: "the-token",
    });
    const settings = await hold(visitor, /viewer\/settings/, "", 1);
    const refused = visitor.waitForResponse((response) => response.status() === 401);
    await visitor.goto(locked.url);
    await refused;
    expect(await visitor.getByLabel("Token").count()).toBe(0);
    settings.release();
    await visitor.getByLabel("Token").fill("the-token");
    expect(await visitor.getByText("The server does not take the token").count()).toBe(0);
    await visitor.keyboard.press("Enter");
    await visitor.getByText("No session yet").waitFor();
    await others.context.close();
    await locked.stop(500);
  });
});

interface Held {
  /** The first request has come, and the server has answered it. */
  readonly held: Promise<void>;
  /** Lets the page have the answers. */
  release(): void;
}

/** Keeps answers of the server from the page: those to requests that hold a text in their body. */
async function hold(page: Page, url: RegExp, text = "", times?: number): Promise<Held> {
  const [held, released] = [gate(), gate()];
  await page.route(
    url,
    async (route) => {
      if (!(route.request().postData() ?? "").includes(text)) return route.continue();
      const response = await route.fetch();
      held.open();
      await released.opened;
      // What was given up meanwhile can no longer be answered.
      return route.fulfill({ response }).catch(() => {});
    },
    times === undefined ? {} : { times },
  );
  return { held: held.opened, release: released.open };
}

/** What some wait for until it is opened. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** What stands in the page as `helpers`. */
interface Helpers {
  /** Presses keys one after the other, each when the one before is handled, and before the next frame. */
  press(...keys: string[]): Promise<void>;
  /** Promises are settled before the next key comes; a frame, after which effects run, may not have come. */
  settle(): Promise<void>;
  /** Does something as soon as so many elements are there. */
  whenThere(selector: string, count: number, work: () => unknown): void;
  type(selector: string, text: string): void;
  /** The address has changed, and what follows from it is drawn, and not painted yet. */
  nextMove(): Promise<void>;
  frames(count: number): Promise<void>;
  /** A timer after those that were set before and last no longer. */
  timer(ms: number): Promise<void>;
}

declare const helpers: Helpers;

function addHelpers(): void {
  const settle = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const made: Helpers = {
    settle,
    async press(...keys) {
      for (const key of keys) {
        const init = { key, bubbles: true, cancelable: true };
        document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", init));
        await settle();
      }
    },
    whenThere(selector, count, work) {
      const observer = new MutationObserver(() => {
        if (document.querySelectorAll(selector).length < count) return;
        observer.disconnect();
        work();
      });
      observer.observe(document.body, { childList: true, subtree: true });
    },
    type(selector, text) {
      const field = document.querySelector<HTMLInputElement>(selector);
      if (!field) throw new Error(`There is no ${selector}.`);
      field.value = text;
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    },
    nextMove: () =>
      new Promise((resolve) => {
        const { pushState, replaceState } = history;
        const moved = () => {
          Object.assign(history, { pushState, replaceState });
          void settle().then(resolve);
        };
        history.pushState = (...args) => {
          pushState.apply(history, args);
          moved();
        };
        history.replaceState = (...args) => {
          replaceState.apply(history, args);
          moved();
        };
      }),
    async frames(count) {
      for (let i = 0; i < count; i++) await new Promise(requestAnimationFrame);
    },
    timer: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
  Object.assign(globalThis, { helpers: made });
}
