import { signal } from "@preact/signals";
import { timeZone } from "./preferences.ts";
import { clock, timeAgo } from "./time.ts";

/** One timer for all times of the page. */
const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 5000);

/** A time as people say it; the exact one on a long look. */
export function Ago({ time }: { readonly time: number }) {
  return <time title={clock(time, timeZone.value, true)}>{timeAgo(time, Math.max(now.value, time))}</time>;
}

/** The time of a day. */
export function Clock({ time, withDay = false }: { readonly time: number; readonly withDay?: boolean }) {
  return <time title={clock(time, timeZone.value, true)}>{clock(time, timeZone.value, withDay)}</time>;
}
