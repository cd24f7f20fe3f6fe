/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// What runs within the page. Each function is sent there as text: it may use nothing but its arguments.

/** Milliseconds from the start of the navigation to the first paint; waits for it. */
export async function firstPaint(): Promise<number> {
  for (;;) {
    const [paint] = performance.getEntriesByName("first-paint");
    if (paint) return paint.startTime;
    await new Promise(requestAnimationFrame);
  }
}

/** Milliseconds from the start of the navigation until what a selector names has been on the screen. */
export async function shownAfter(selector: string): Promise<number> {
  while (!document.querySelector(selector)) await new Promise(requestAnimationFrame);
  // The first frame draws it, at the second it has been drawn.
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now();
}

/** Clicks a link, and gives the milliseconds until a row that one selector names is there, and no other. */
export async function clickToRows(of: { link: string; row: string; not: string }): Promise<number> {
  const link = document.querySelector<HTMLElement>(of.link);
  if (!link) throw new Error(`There is no ${of.link}.`);
  const start = performance.now();
  link.click();
  while (!document.querySelector(of.row) || document.querySelector(of.not))
    await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}

/** Notes when keys come, for {@link keyToHits}. */
export function noteKeys(): void {
  addEventListener("keydown", (event) => Object.assign(globalThis, { lastKey: event.timeStamp }), true);
}

/** Milliseconds from the last key until hits of a search were on the screen. */
export async function keyToHits(): Promise<number> {
  while (!document.querySelector(".hits .row mark")) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - ((globalThis as { lastKey?: number }).lastKey ?? Number.NaN);
}

/** By how many pixels an entry moves in the next second. */
export async function shiftOf(seq: number): Promise<number> {
  const top = () => document.querySelector(`[data-seq="${seq}"]`)?.getBoundingClientRect().top ?? Number.NaN;
  const before = top();
  let most = 0;
  for (const end = performance.now() + 1000; performance.now() < end; ) {
    await new Promise(requestAnimationFrame);
    const moved = Math.abs(top() - before);
    most = Number.isNaN(moved) ? Number.POSITIVE_INFINITY : Math.max(most, moved);
  }
  return most;
}

/** Where the row in the middle of the list stands, once the last step has been drawn. */
export async function middleRow(): Promise<{ key: string; top: number } | null> {
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  const feed = document.querySelector(".feed");
  if (!feed) return null;
  const { top, height } = feed.getBoundingClientRect();
  const middle = top + height / 2;
  // While a list is scrolled its rows may not be there for the pointer: they are asked one by one.
  for (const row of feed.querySelectorAll<HTMLElement>("[data-key]")) {
    const place = row.getBoundingClientRect();
    if (place.top <= middle && place.bottom >= middle)
      return { key: row.dataset["key"] ?? "", top: place.top };
  }
  return null;
}

/** Where a row stands; `null` where it is not made any more. */
export function topOf(key: string): number | null {
  return document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.getBoundingClientRect().top ?? null;
}

/** Fills the page with as many plain elements, for the floor of scrolling. */
export function plainRows(count: number): void {
  const feed = document.createElement("div");
  feed.className = "feed";
  feed.style.cssText = "position:fixed;inset:0;overflow:auto";
  for (let i = 0; i < count; i++) {
    const row = document.createElement("div");
    row.dataset["key"] = String(i);
    row.style.height = "60px";
    row.textContent = `Row ${i}`;
    feed.append(row);
  }
  document.body.replaceChildren(feed);
}

/** Scrolls down, so many pixels a frame, until an entry is there. */
export async function scrollTo(given: { step: number; last: number; ms: number }): Promise<boolean> {
  const end = performance.now() + given.ms;
  while (performance.now() < end) {
    const feed = document.querySelector(".feed");
    if (feed) feed.scrollTop += given.step;
    await new Promise(requestAnimationFrame);
    if (document.querySelector(`[data-seq="${given.last}"]`)) return true;
  }
  return false;
}

/** Notes when marks of appended entries, and the events that tell of them, are in the page. */
export function noteMarks(): void {
  const seen: Record<string, { event: number; shown: number }> = {};
  let event = 0;
  const clock = () => performance.timeOrigin + performance.now();
  const Worker = SharedWorker;
  globalThis.SharedWorker = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      this.port.addEventListener("message", ({ data }) => {
        if (data.type === "change") event = clock();
      });
    }
  };
  addEventListener("DOMContentLoaded", () => {
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        for (const node of addedNodes) {
          const [mark] = /mark-\d+-/.exec(node.textContent ?? "") ?? [];
          if (mark !== undefined && !seen[mark]) seen[mark] = { event, shown: clock() };
        }
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
  Object.assign(globalThis, { seenMarks: seen });
}

/** What {@link noteMarks} has noted of a mark, once it is there; times as of `Date.now`. */
export async function seenMark(mark: string): Promise<{ event: number; shown: number }> {
  const { seenMarks } = globalThis as unknown as {
    seenMarks: Record<string, { event: number; shown: number }>;
  };
  for (;;) {
    const seen = seenMarks[mark];
    if (seen) return seen;
    await new Promise(requestAnimationFrame);
  }
}
