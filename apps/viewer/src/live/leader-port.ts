import { BASE } from "../url/base.ts";
import { Hub } from "./hub.ts";
import type { FromHub, HubPort, ToHub } from "./messages.ts";
import { openClient } from "./viewer-client.ts";

/** Pages of two servers of one origin are apart. */
const NAME = `thulp-sessions${BASE}`;

type Between = { readonly to: ToHub } | { readonly from: FromHub };

/**
 * The stream of all tabs in one of them, for browsers without shared workers: the tab that holds a lock. When
 * it is closed, another one gets the lock, and begins with a `reset`. Without locks each tab has its own.
 */
export function openLeaderPort(receive: (message: FromHub) => void): HubPort {
  const channel = new BroadcastChannel(NAME);
  let hub: Hub | undefined;
  let token: string | null = null;
  const tellAll = (message: FromHub) => {
    receive(message);
    channel.postMessage({ from: message } satisfies Between);
  };
  const lead = () => {
    hub = new Hub((given, onRefused) => openClient(location.origin + BASE, given, onRefused), tellAll);
    hub.receive({ type: "join", token }, tellAll);
  };
  channel.onmessage = ({ data }: MessageEvent<Between>) => {
    if ("from" in data) {
      if (data.from.type === "token") token = data.from.token;
      if (!hub) receive(data.from);
    } else if (data.to.type !== "leave") {
      hub?.receive(data.to, tellAll);
    }
  };
  if ("locks" in navigator) {
    // Kept until the tab is closed.
    void navigator.locks.request(NAME, () => {
      lead();
      return new Promise(() => {});
    });
  } else {
    lead();
  }
  return {
    send(message) {
      if (message.type === "join" && message.token !== null) token = message.token;
      if (hub) hub.receive(message, tellAll);
      else channel.postMessage({ to: message } satisfies Between);
    },
  };
}
