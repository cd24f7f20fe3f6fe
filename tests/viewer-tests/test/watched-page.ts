import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";

/** Tabs that share what tabs of one person share, and what must not happen in any of them. */
export class WatchedTabs {
  readonly context: BrowserContext;
  readonly #faults: string[] = [];

  private constructor(context: BrowserContext) {
    this.context = context;
  }

  static async open(
    browser: Browser,
    options: Parameters<Browser["newContext"]>[0] = {},
  ): Promise<WatchedTabs> {
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
    const tabs = new WatchedTabs(context);
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    context.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol !== "data:" && protocol !== "blob:" && hostname !== "127.0.0.1")
        tabs.#faults.push(`request to ${request.url()}`);
    });
    return tabs;
  }

  async newPage(): Promise<Page> {
    const page = await this.context.newPage();
    page.setDefaultTimeout(15_000);
    page.on("pageerror", (error) => this.#faults.push(`error in the page: ${error.stack ?? error.message}`));
    page.on("dialog", (dialog) => {
      this.#faults.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      // A server that is away is part of some tests.
      const isNetwork = /Failed to load resource|net::ERR/.test(message.text());
      if (message.type() === "error" && !isNetwork) this.#faults.push(`console: ${message.text()}`);
    });
    return page;
  }

  /** No violation of the policy, no request elsewhere, no dialog, no error. */
  expectNoFault(): void {
    expect(this.#faults).toEqual([]);
  }
}
