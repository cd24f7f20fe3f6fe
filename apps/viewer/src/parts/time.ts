import { groupDigits } from "@thulp-sessions/core/text";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago a time is, in the fewest words; the day where that says more. */
export function timeAgo(time: number, now: number): string {
  const ms = now - time;
  if (ms < 0 && ms > -MINUTE) return "now";
  if (ms < 0) return day(time);
  if (ms < 2000) return "now";
  if (ms < MINUTE) return `${Math.floor(ms / 1000)} s ago`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`;
  if (ms < 14 * DAY) return `${Math.floor(ms / DAY)} d ago`;
  return day(time);
}

/** How long something took. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < MINUTE) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / 1000)} s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
  return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];

/**
 * The time of a day, or with the day. What no date can be is shown as the number that is stored.
 *
 * Not by `Intl.DateTimeFormat`: making the first one takes a page longer than drawing its first rows.
 */
export function clock(time: number, zone: "local" | "utc", withDay: boolean): string {
  const shown = new Date(time);
  // With its local time as that of UTC.
  if (zone === "local") shown.setTime(time - shown.getTimezoneOffset() * MINUTE);
  if (Number.isNaN(shown.getTime())) return String(time);
  const ofDay = shown.toISOString().slice(-13, -5);
  if (!withDay) return ofDay;
  const day = `${shown.getUTCDate()} ${MONTHS[shown.getUTCMonth()]} ${shown.getUTCFullYear()}`;
  return `${day}, ${ofDay}${zone === "utc" ? " UTC" : ""}`;
}

function day(time: number): string {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString().slice(0, 10) : String(time);
}

/** `1 session`, `1,204 sessions`. */
export function counted(number: number, noun: string, nouns = `${noun}s`): string {
  return `${groupDigits(number)} ${number === 1 ? noun : nouns}`;
}

/** `4.0 KiB`. */
export function bytes(number: number): string {
  if (number < 1024) return `${number} B`;
  if (number < 1024 * 1024) return `${(number / 1024).toFixed(1)} KiB`;
  return `${(number / 1024 / 1024).toFixed(1)} MiB`;
}
