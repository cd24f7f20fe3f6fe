import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from "playwright-core";

// As tooling/testing has it for tests, which is not built.
const USUAL = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** A browser for one bench; a text says why there is none. */
export async function openBrowser(): Promise<Browser | string> {
  const executablePath = process.env["CHROMIUM_PATH"] || USUAL.find((file) => existsSync(file));
  if (!executablePath) return "no Chromium was found: install it, or name it in CHROMIUM_PATH";
  return chromium.launch({
    executablePath,
    // Chromium has no sandbox for root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: ["--disable-smooth-scrolling"],
  });
}

/** A tab of somebody who has never been there, unless a context is given. */
export class BenchTab {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly #cdp: CDPSession;

  private constructor(context: BrowserContext, page: Page, cdp: CDPSession) {
    this.context = context;
    this.page = page;
    this.#cdp = cdp;
  }

  static async open(browser: Browser, given?: BrowserContext): Promise<BenchTab> {
    const context = given ?? (await browser.newContext({ viewport: { width: 1200, height: 800 } }));
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    const cdp = await context.newCDPSession(page);
    await cdp.send("Performance.enable");
    return new BenchTab(context, page, cdp);
  }

  /** Makes the processor of the page so many times slower. */
  async slowDown(rate: number): Promise<void> {
    await this.#cdp.send("Emulation.setCPUThrottlingRate", { rate });
  }

  /** Milliseconds that the main thread of the page has worked so far. */
  async worked(): Promise<number> {
    return (await this.#metric("TaskDuration")) * 1000;
  }

  /** Milliseconds of the main thread so far, by what it did; the parts of `all` do not overlap. */
  async workedBy(): Promise<{ all: number; script: number; layout: number; style: number }> {
    const { metrics } = await this.#cdp.send("Performance.getMetrics");
    const ms = (wanted: string) => (metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN) * 1000;
    return {
      all: ms("TaskDuration"),
      script: ms("ScriptDuration"),
      layout: ms("LayoutDuration"),
      style: ms("RecalcStyleDuration"),
    };
  }

  /** Bytes of the heap of scripts after a collection. */
  async heap(): Promise<number> {
    await this.#cdp.send("HeapProfiler.collectGarbage");
    return this.#metric("JSHeapUsedSize");
  }

  async close(): Promise<void> {
    await this.context.close();
  }

  async #metric(wanted: string): Promise<number> {
    const { metrics } = await this.#cdp.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  }
}
