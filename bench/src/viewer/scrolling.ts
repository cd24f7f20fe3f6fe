import type { Page } from "playwright-core";
import { quantiles, report, reportTarget, resultOf } from "../harness/compare.ts";
import { printTable, recordFigure } from "../harness/recording.ts";
import { middleRow, plainRows, scrollTo, shownAfter, topOf } from "./in-page.ts";
import type { ViewerBench } from "./opening.ts";
import { BenchTab } from "./viewer-browser.ts";

const WHEEL = 120;
const FLING = 3000;
const PLAIN_ROWS = 5000;
/** Long enough for a slow machine; the entries of a page are asked for on the way. */
const THROUGH_MS = 600_000;

/** Scrolling through the long session, against elements that are all there already. */
export async function scrolling({ browser, url, data, entries, rounds }: ViewerBench): Promise<void> {
  const steps = rounds > 2 ? 150 : 6;
  const plain = await BenchTab.open(browser);
  await plain.page.goto(`${url}/viewer/settings`);
  await plain.page.evaluate(plainRows, PLAIN_ROWS);
  const tab = await BenchTab.open(browser);
  const middle = Math.floor(entries / 2);
  await tab.page.goto(`${url}/s/${data.long}#e${middle}`);
  await tab.page.evaluate(shownAfter, `[data-seq="${middle}"]`);
  for (const [name, step] of [
    ["120 px a frame", WHEEL],
    ["3,000 px a frame", FLING],
  ] as const) {
    const floor: number[] = [];
    const ours: number[] = [];
    let [jumps, blank] = [0, 0];
    for (let round = 0; round <= Math.min(rounds, 5); round++) {
      // Down, then up again.
      const direction = round % 2 === 0 ? 1 : -1;
      const bare = await wheel(plain, direction * step, steps);
      const scrolled = await wheel(tab, direction * step, steps);
      if (round === 0) continue;
      floor.push(quantiles(bare.worked)(0.95) * 1000);
      ours.push(quantiles(scrolled.worked)(0.95) * 1000);
      jumps += scrolled.jumps;
      if (step === WHEEL && scrolled.compared < steps / 2)
        throw new Error(
          `Only ${scrolled.compared} of ${steps} steps could be followed: their jumps say nothing.`,
        );
      blank = Math.max(blank, scrolled.blank);
    }
    const results = [resultOf("elements that are all there", floor), resultOf("the long session", ours)];
    report(`the main thread in a frame, p95, ${name}`, results);
    reportTarget(`a frame of ${name} against elements that are there`, results[1], results[0]);
    if (step === WHEEL) recordFigure({ what: "rows that jump by more than 2 px", value: jumps });
    else recordFigure({ what: "frames in a row that are blank in the middle", value: blank });
  }
  await plain.close();
  await tab.close();
}

/** So many turns of the wheel, and what each has cost and done. */
async function wheel(tab: BenchTab, step: number, steps: number) {
  const { page } = tab;
  await page.mouse.move(600, 400);
  const worked: number[] = [];
  let [jumps, compared, blank, blankNow] = [0, 0, 0, 0];
  let before = await page.evaluate(middleRow);
  for (let i = 0; i < steps; i++) {
    const start = await tab.worked();
    await page.mouse.wheel(0, step);
    const after = await page.evaluate(middleRow);
    worked.push((await tab.worked()) - start);
    blankNow = after === null ? blankNow + 1 : 0;
    blank = Math.max(blank, blankNow);
    const jumped = before && Math.abs(step) < 400 ? await hasJumped(page, before, step) : null;
    if (jumped !== null) compared++;
    if (jumped === true) jumps++;
    before = after;
  }
  return { worked, jumps, compared, blank };
}

/** Whether a row has moved by anything but the step; `null` where it is not made any more. */
async function hasJumped(
  page: Page,
  before: { readonly key: string; readonly top: number },
  step: number,
): Promise<boolean | null> {
  const top = await page.evaluate(topOf, before.key);
  return top === null ? null : Math.abs(top - before.top + step) > 2;
}

/** What the page holds when all of the long session has been on the screen. */
export async function memoryAfterAll({ browser, url, data, entries }: ViewerBench): Promise<void> {
  const tab = await BenchTab.open(browser);
  const { page } = tab;
  await page.goto(`${url}/s/${data.long}#e0`);
  await page.evaluate(shownAfter, '[data-seq="0"]');
  await page.mouse.move(600, 400);
  await page.mouse.wheel(0, WHEEL);
  const isThrough = await page.evaluate(scrollTo, { step: FLING, last: entries - 1, ms: THROUGH_MS });
  if (!isThrough) throw new Error("The end of the long session was not reached by scrolling.");
  const elements = await page.locator("*").count();
  const megabytes = (await tab.heap()) / 1e6;
  printTable({
    title: `after scrolling through ${entries.toLocaleString("en")} entries`,
    columns: [
      { label: "elements", unit: "count" },
      { label: "heap", unit: "MB" },
    ],
    rows: [{ name: "the page", cells: [elements, megabytes] }],
  });
  recordFigure({ what: "elements after scrolling through all", value: elements });
  recordFigure({ what: "heap after scrolling through all, MB", value: megabytes, unit: " MB" });
  await tab.close();
}
