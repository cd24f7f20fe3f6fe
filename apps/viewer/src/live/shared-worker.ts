// The one stream of all tabs where there are shared workers.
import { Hub } from "./hub.ts";
import type { FromHub, ToHub } from "./messages.ts";
import { openClient } from "./viewer-client.ts";

const tabs = new Set<MessagePort>();
/** The worker has no document that names it, but lies in `assets` under the root of the page. */
const SERVER = new URL("..", self.location.href).href.replace(/\/$/, "");
const hub = new Hub(
  (token, onRefused) => openClient(SERVER, token, onRefused),
  (message) => {
    for (const tab of tabs) tab.postMessage(message);
  },
);

addEventListener("connect", (event) => {
  const [tab] = (event as MessageEvent).ports;
  if (!tab) return;
  tab.onmessage = ({ data }: MessageEvent<ToHub>) => {
    if (data.type === "leave") {
      tabs.delete(tab);
      if (tabs.size === 0) hub.stop();
      return;
    }
    tabs.add(tab);
    hub.receive(data, (message: FromHub) => tab.postMessage(message));
  };
});
