import { existsSync } from "node:fs";

const USUAL = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/**
 * The browser that the tests run in: CHROMIUM_PATH, or where it usually lies; undefined where there is none.
 */
export const CHROMIUM: string | undefined =
  process.env["CHROMIUM_PATH"] || USUAL.find((file) => existsSync(file));
