import { get } from "node:http";
import { openStore } from "@thulp-sessions/config";
import { assistantMessage, SessionManager } from "@thulp-sessions/core";
import { quantiles, report, reportTarget, resultOf } from "../harness/compare.ts";
import { printTable, recordFigure } from "../harness/recording.ts";
import { noteMarks, seenMark, shownAfter } from "./in-page.ts";
import type { ViewerBench } from "./opening.ts";
import { BenchTab } from "./viewer-browser.ts";

const FRAME_MS = 1000 / 60;
/** A change after a quiet window is told immediately: so much lies between two appends. */
const QUIET_MS = 400;
const PER_SECOND = 1000;
const BATCH = 10;
const TABS = 20;

/** Appends of another process: until they are on the screen, against until they come out of a socket. */
export async function following(bench: ViewerBench & { readonly store: string }): Promise<void> {
  const { browser, url, data, rounds, store } = bench;
  const writer = new SessionManager(await openStore(store, { durability: "relaxed" }));
  const tab = await BenchTab.open(browser);
  const { page } = tab;
  await page.addInitScript(noteMarks);
  await page.goto(`${url}/s/${data.followed}`);
  await page.evaluate(shownAfter, ".entry");
  await page.locator("[data-link=live]").waitFor();
  const socket = await Socket.open(url, data.followed);
  const [toSocket, toScreen, frames]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < rounds * 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const mark = `mark-${i}-`;
    const sent = performance.timeOrigin + performance.now();
    const arrived = socket.next(mark);
    await writer.addEntries(data.followed, [assistantMessage(`${mark} is there`)]);
    const { event, shown } = await page.evaluate(seenMark, mark);
    toSocket.push(((await arrived) - sent) * 1000);
    toScreen.push((shown - sent) * 1000);
    frames.push((shown - event) / FRAME_MS);
  }
  socket.close();
  const results = [
    resultOf("out of a socket, entries.subscribe", toSocket),
    resultOf("on the screen", toScreen),
  ];
  report("from an append of another process", results);
  reportTarget("an append to the screen against to a socket", results[1], results[0]);
  recordFigure({ what: "frames from the event to the screen", value: quantiles(frames)(0.5) });
  await flood(tab, writer, bench);
  await tab.close();
  // A quick run is to see that it runs; tests of the viewer have twenty tabs too.
  if (rounds > 2) await manyTabs(bench, writer);
  await writer.store.close();
}

/** A thousand entries a second to the session that is shown. */
async function flood(tab: BenchTab, writer: SessionManager, { data, rounds }: ViewerBench): Promise<void> {
  const seconds = rounds > 2 ? 10 : 1;
  const count = seconds * PER_SECOND;
  const { entryCount } = await writer.store.head(data.followed);
  const start = performance.now();
  const before = await tab.workedBy();
  for (let sent = 0; sent < count; sent += BATCH) {
    const wait = start + (sent * 1000) / PER_SECOND - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const entries = Array.from({ length: BATCH }, (_, i) => assistantMessage(`One of many: ${sent + i}`));
    await writer.addEntries(data.followed, entries);
  }
  const after = await tab.workedBy();
  const ms = performance.now() - start;
  const shareOf = (part: keyof typeof before) => (after[part] - before[part]) / ms;
  const [share, script, layout] = [shareOf("all"), shareOf("script"), shareOf("layout") + shareOf("style")];
  await tab.page.locator(`[data-seq="${entryCount + count - 1}"]`).waitFor();
  const shown = await tab.page.locator(".session-head").textContent();
  const total = Number(/([\d,]+) entries/.exec(shown ?? "")?.[1]?.replaceAll(",", "") ?? Number.NaN);
  printTable({
    title: `${PER_SECOND.toLocaleString("en")} entries a second to the session that is shown, ${seconds} s`,
    columns: [
      { label: "main thread", unit: "share" },
      { label: "our script", unit: "share" },
      { label: "style and layout", unit: "share" },
      // The browser's own; without a graphics card, as in a headless browser, the processor paints too.
      { label: "paint, network, rest", unit: "share" },
      { label: "lost", unit: "count" },
    ],
    rows: [
      {
        name: "the page",
        cells: [share, script, layout, share - script - layout, entryCount + count - total],
      },
    ],
  });
  recordFigure({ what: "share of a core at 1,000 entries a second", value: share });
  recordFigure({ what: "entries that did not arrive", value: entryCount + count - total });
}

/** Twenty tabs that all hear of a change, by how many streams. */
async function manyTabs({ browser, url, data }: ViewerBench, writer: SessionManager): Promise<void> {
  const first = await BenchTab.open(browser);
  const tabs = [first];
  while (tabs.length < TABS) tabs.push(await BenchTab.open(browser, first.context));
  await Promise.all(
    tabs.map(async ({ page }) => {
      await page.goto(`${url}/s/${data.followed}`);
      await page.locator("[data-link=live]").waitFor();
    }),
  );
  await writer.addEntries(data.followed, [assistantMessage("For all tabs")]);
  await Promise.all(tabs.map(({ page }) => page.getByText("For all tabs").waitFor()));
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const streams = Number(
    /^thulp_sessions_subscribers\{path="sessions\.watch"\} (\d+)/m.exec(metrics)?.[1] ?? Number.NaN,
  );
  printTable({
    title: `${TABS} tabs, all live`,
    columns: [{ label: "streams", unit: "count" }],
    rows: [{ name: "the server", cells: [streams] }],
  });
  recordFigure({ what: "streams of twenty tabs", value: streams });
  await first.close();
}

/** A subscriber without a page. */
class Socket {
  readonly #waiting = new Map<string, (time: number) => void>();
  #end = (): void => {};

  static async open(url: string, id: string): Promise<Socket> {
    const socket = new Socket();
    const input = encodeURIComponent(JSON.stringify({ id }));
    await new Promise<void>((resolve, reject) => {
      const outgoing = get(`${url}/trpc/entries.subscribe?input=${input}`, { agent: false }, (answer) => {
        answer.setEncoding("utf8");
        answer.on("data", (text: string) => {
          const now = performance.timeOrigin + performance.now();
          for (const [mark] of text.matchAll(/mark-\d+-/g)) socket.#waiting.get(mark)?.(now);
          resolve();
        });
        answer.on("error", () => {});
        socket.#end = () => answer.destroy();
      });
      outgoing.on("error", reject);
    });
    return socket;
  }

  /** When an entry with a mark arrives, as of `Date.now`. */
  next(mark: string): Promise<number> {
    return new Promise((resolve) => this.#waiting.set(mark, resolve));
  }

  close(): void {
    this.#end();
  }
}
