import { render } from "preact";
import { start } from "./live/live.ts";
import { applyPreferences } from "./parts/preferences.ts";
import { App, begin, preload } from "./shell/app.tsx";
import { followLinks, route } from "./url/navigation.ts";
import "./style/base.css";
import "./style/list.css";
import "./style/session.css";
import "./style/pages.css";

/** So long the page stays as its file has it, while its script or the server is waited for. */
const DRAW_AFTER_MS = 200;

applyPreferences();
followLinks();
void open();

/**
 * Draws the page once, with what it shows, and not a frame before without that; what it asks the server for
 * is on its way by then. Where that takes long, it is drawn without.
 */
async function open(): Promise<void> {
  const ready = Promise.all([start(), preload(route.value)]);
  const isReady = await Promise.race([ready.then(() => true), timer(DRAW_AFTER_MS)]);
  if (isReady) {
    await begin(route.value);
    // Calls are sent by a timer.
    await timer(0);
  }
  const root = document.getElementById("app");
  if (root) render(<App />, root);
}

function timer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
