import { CHROMIUM } from "@thulp-sessions/testing";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";

const MISSING = "no Chromium was found: install it, or name it in CHROMIUM_PATH";

/**
 * Tests that share one browser. Where none is found they are skipped, and their name says why.
 * @param tests gets what returns the browser, within tests and their hooks.
 */
export function describeInBrowser(name: string, tests: (browser: () => Browser) => void): void {
  const isMissing = CHROMIUM === undefined;
  if (isMissing) console.warn(`Skipped: ${name}: ${MISSING}.`);
  describe.skipIf(isMissing)(isMissing ? `${name} (${MISSING})` : name, () => {
    let opened: Browser;
    beforeAll(async () => {
      opened = await chromium.launch({
        ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }),
        // Chromium has no sandbox for root, which CI is.
        chromiumSandbox: process.getuid?.() !== 0,
      });
    });
    tests(() => opened);
    // The last hook is the first to run: a server stops at once when no tab is left.
    afterAll(() => opened?.close());
  });
}
