import { get } from "node:http";
import type { Browser } from "playwright-core";
import { type Candidate, compare, report, reportTarget } from "../harness/compare.ts";
import { printTable, recordFigure } from "../harness/recording.ts";
import { clickToRows, firstPaint, keyToHits, noteKeys, shiftOf, shownAfter } from "./in-page.ts";
import { BenchTab } from "./viewer-browser.ts";
import type { ViewerData } from "./viewer-data.ts";

const SLOWER = 4;

/** What is measured, of which server. */
export interface ViewerBench {
  readonly browser: Browser;
  readonly url: string;
  readonly data: ViewerData;
  /** Of the long session. */
  readonly entries: number;
  readonly rounds: number;
}

/** From an address to the screen, against the least that this browser needs for an answer of ours. */
export async function opening(bench: ViewerBench): Promise<void> {
  const { browser, url, data, rounds } = bench;
  const nothing = nothingOf(url);
  const middle = Math.floor(bench.entries / 2);
  const cold = coldOf(browser);
  const again = (name: string, address: string, selector: string): Candidate => {
    let tab: BenchTab;
    return {
      name,
      operations: 1,
      async prepare() {
        tab = await BenchTab.open(browser);
        await tab.page.goto(address);
        await tab.page.evaluate(shownAfter, selector);
      },
      async run() {
        await tab.page.goto("about:blank");
        await tab.page.goto(address, { waitUntil: "commit" });
        return (await tab.page.evaluate(shownAfter, selector)) * 1000;
      },
      after: () => tab.close(),
    };
  };
  const rows = ({ page }: BenchTab) => page.evaluate(shownAfter, ".row");
  const results = await compare(
    [
      cold("an answer of a few bytes, painted", nothing, paint),
      cold("the list, first paint", `${url}/`, paint),
      cold("the list, first rows", `${url}/`, rows),
      again("the list, first rows, again", `${url}/`, ".row"),
      again(
        "the middle of the long session, again",
        `${url}/s/${data.long}#e${middle}`,
        `[data-seq="${middle}"]`,
      ),
      cold(`an answer of a few bytes, processor ${SLOWER} times slower`, nothing, paint, SLOWER),
      cold(`the list, first rows, processor ${SLOWER} times slower`, `${url}/`, rows, SLOWER),
    ],
    rounds,
  );
  report("from an address to the screen", results);
  const [least, painted, first, warm, opened, slowLeast, slow] = results;
  reportTarget("the first paint against an answer of a few bytes", painted, least);
  reportTarget("the first rows, nothing in the cache", first, least);
  reportTarget("the first rows again", warm, least);
  reportTarget("the middle of the long session", opened, least);
  reportTarget(`the first rows, processor ${SLOWER} times slower`, slow, slowLeast);
  await shift(bench, middle);
}

/** An answer of the server that needs next to nothing to be shown. */
function nothingOf(url: string): string {
  return `${url}/viewer/settings`;
}

/** Makes candidates that open an address with nothing in the cache. */
function coldOf(browser: Browser) {
  return (
    name: string,
    address: string,
    measured: (tab: BenchTab) => Promise<number>,
    slower = 1,
  ): Candidate => ({
    name,
    operations: 1,
    async run() {
      const tab = await BenchTab.open(browser);
      if (slower > 1) await tab.slowDown(slower);
      await tab.page.goto(address, { waitUntil: "commit" });
      const ms = await measured(tab);
      await tab.close();
      return ms * 1000;
    },
  });
}

function paint({ page }: BenchTab): Promise<number> {
  return page.evaluate(firstPaint);
}

/** Whether an entry that was opened stays where it is. */
async function shift({ browser, url, data, rounds }: ViewerBench, seq: number): Promise<void> {
  let most = 0;
  for (let round = 0; round < Math.min(rounds, 5); round++) {
    const tab = await BenchTab.open(browser);
    await tab.page.goto(`${url}/s/${data.long}#e${seq}`);
    await tab.page.evaluate(shownAfter, `[data-seq="${seq}"]`);
    most = Math.max(most, await tab.page.evaluate(shiftOf, seq));
    await tab.close();
  }
  recordFigure({ what: "an entry that was opened moves, in pixels", value: most, unit: " px" });
}

/** From a click or a key to rows, against the call that the page makes for them. */
export async function asking({ browser, url, rounds }: ViewerBench): Promise<void> {
  const tab = await BenchTab.open(browser);
  const { page } = tab;
  const failed = ".row .status-failed";
  const others = ".row .status-active, .row .status-completed";
  const call = async (procedure: string, input: object) => {
    const query = encodeURIComponent(JSON.stringify(input));
    await (await fetch(`${url}/trpc/${procedure}?input=${query}`)).json();
  };
  const include = ["counts", "preview", "score"];
  const results = await compare(
    [
      coldOf(browser)("an answer of a few bytes, painted", nothingOf(url), paint),
      {
        name: "sessions.list, 50 of a filter",
        operations: 1,
        run: () => call("sessions.list", { filter: { status: "failed" }, limit: 50, include }),
      },
      {
        name: "a click on a filter, to its rows",
        operations: 1,
        async prepare() {
          await page.goto(`${url}/`);
          await page.evaluate(shownAfter, '.facets a[href*="status=failed"]');
        },
        run: async () =>
          (await page.evaluate(clickToRows, {
            link: '.facets a[href*="status=failed"]',
            row: failed,
            not: others,
          })) * 1000,
      },
      {
        name: "sessions.search",
        operations: 1,
        run: () => call("sessions.search", { text: "zebra", filter: {}, limit: 50 }),
      },
      {
        name: "the last letter of a search, to its hits",
        operations: 1,
        async prepare() {
          await page.goto(`${url}/`);
          await page.evaluate(shownAfter, ".row");
          await page.evaluate(noteKeys);
        },
        async run() {
          await page.keyboard.press("/");
          await page.keyboard.type("zebra");
          return (await page.evaluate(keyToHits)) * 1000;
        },
      },
    ],
    rounds,
  );
  report("from a click or a key to rows; a search waits 120 ms for the next letter", results);
  const [least, list, click, search, hits] = results;
  reportTarget("a click on a filter against an answer of a few bytes", click, least);
  reportTarget("the last letter of a search against an answer of a few bytes", hits, least);
  reportTarget("a click on a filter against its call", click, list);
  reportTarget("the last letter of a search against its call", hits, search);
  await tab.close();
}

/** What the first page takes from the network, compressed by gzip as a proxy would do it. */
export async function scriptBytes({ browser, url }: ViewerBench): Promise<void> {
  const tab = await BenchTab.open(browser);
  const scripts = new Set<string>();
  tab.context.on("request", (request) => {
    if (new URL(request.url()).pathname.endsWith(".js")) scripts.add(request.url());
  });
  await tab.page.goto(`${url}/`);
  await tab.page.evaluate(shownAfter, ".row");
  await tab.page.locator("[data-link=live]").waitFor();
  // The requests of a shared worker are its own: the page only names it.
  for (const script of [...scripts]) {
    const [worker] = /assets\/shared-worker\.[\w-]+\.js/.exec(await (await fetch(script)).text()) ?? [];
    if (worker) scripts.add(new URL(worker, `${url}/`).href);
  }
  const lengths = await Promise.all([...scripts].map(gzippedLength));
  const bytes = lengths.reduce((sum, length) => sum + length, 0);
  printTable({
    title: "script of the first page",
    columns: [
      { label: "files", unit: "count" },
      { label: "bytes, gzip", unit: "bytes" },
    ],
    rows: [{ name: "the list, with the worker", cells: [scripts.size, bytes] }],
  });
  recordFigure({ what: "script of the first page, kB gzip", value: bytes / 1000, unit: " kB" });
  await tab.close();
}

function gzippedLength(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "accept-encoding": "gzip" } }, (response) => {
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
      });
      response.on("end", () => resolve(length));
    }).on("error", reject);
  });
}
