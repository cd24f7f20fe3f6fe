import { conformanceCases } from "@thulp-sessions/store-conformance";
import { CHROMIUM } from "@thulp-sessions/testing";
import { type Browser, type Page as BrowserPage, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "../page/bindings.ts";
import { type PageServer, servePage } from "./page-server.ts";
import { Places } from "./places.ts";
import type {} from "./window.ts";

/**
 * Where a browser might differ from Node: streams, connections, texts, large bodies, errors on their way, the
 * end.
 */
const CASES = [
  "call-missing",
  "create-every-type",
  "create-taken-id",
  "update-context-keys",
  "append-order",
  "append-large-batch",
  "repeat-at-once",
  "limit-end-session",
  "read-pages-desc",
  "truncate-append",
  "list-ties-updated-desc",
  "filter-hostile",
  "search-snippets",
  "version-race",
  "value-texts",
  "value-large",
  "watch-each-change",
  "watch-several",
  "watch-other-handle",
  "close-under-way",
];

const MISSING = "no Chromium was found: install it, or name it in CHROMIUM_PATH";
if (CHROMIUM === undefined) console.warn(`The tests in a browser are skipped: ${MISSING}.`);

test("there are twenty, each a case of the suite", () => {
  const known = new Set(conformanceCases.map(({ id }) => id));
  expect(CASES.filter((id) => !known.has(id))).toEqual([]);
  expect(new Set(CASES).size).toBe(20);
});

describe.skipIf(CHROMIUM === undefined)(`in Chromium${CHROMIUM === undefined ? ` (${MISSING})` : ""}`, () => {
  let pages: PageServer;
  let places: Places;
  let browser: Browser;
  let page: BrowserPage;

  beforeAll(async () => {
    pages = await servePage();
    places = new Places(pages.origin);
    browser = await chromium.launch({
      ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }),
      // Chromium has no sandbox for root, which CI is.
      chromiumSandbox: process.getuid?.() !== 0,
    });
    page = await browser.newPage();
    await page.exposeFunction("makePlace", () => places.makePlace());
    await page.exposeFunction("removePlace", (url: string) => places.removePlace(url));
    await page.goto(pages.origin);
    await page.waitForFunction(() => "runCase" in globalThis);
  });

  afterAll(async () => {
    await browser?.close();
    await places?.removeAll();
    await pages?.stop();
  });

  function expectDone(outcome: Outcome, name: string): void {
    expect(outcome.error).toBe(null);
    expect(outcome).toMatchObject({
      name,
      origin: pages.origin,
      browser: expect.stringContaining("HeadlessChrome/"),
    });
    expect(outcome.requests).toBeGreaterThan(1);
  }

  test.each(CASES)("%s", async (id) => {
    expectDone(await page.evaluate((each) => window.runCase(each), id), id);
  });

  test("a session is followed live, by a client and by a manager over a remote store", async () => {
    expectDone(await page.evaluate(() => window.follow()), "follow");
  });

  test("a page of another origin is refused", async () => {
    const foreign = await servePage();
    const { url, token } = await places.makePlace();
    try {
      const other = await browser.newPage();
      await other.goto(foreign.origin);
      const call = {
        url: `${url}/trpc/server.info`,
        init: { headers: { authorization: `Bearer ${token}` } },
      };
      const ask = (from: BrowserPage) =>
        from.evaluate(
          ({ url, init }) =>
            fetch(url, init).then(
              ({ status }) => status,
              () => "refused",
            ),
          call,
        );
      expect(await ask(other)).toBe("refused");
      expect(await ask(page)).toBe(200);
    } finally {
      await places.removePlace(url);
      await foreign.stop();
    }
  });
});
