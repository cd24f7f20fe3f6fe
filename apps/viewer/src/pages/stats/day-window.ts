import { DAY_MS, dayStart, type ListState } from "../../url/list-state.ts";

/** Some days of UTC that follow each other, both included, as `YYYY-MM-DD`. */
export interface DayWindow {
  readonly first: string;
  readonly last: string;
}

/** What is offered, in days. */
export const WINDOW_LENGTHS = [30, 90, 365] as const;
/** Bars are as wide as a finger; more of them would need more than a page. */
const MOST_BARS = 31;

/**
 * The days that a list is about. What it does not say: the last one is that of the newest session, and today
 * where that lies in the future; they are thirty.
 *
 * @param newest when the newest session was made, or changed; `null` where there is none.
 */
export function windowOf(
  { since, until }: Pick<ListState, "since" | "until">,
  newest: number | null,
  now: number,
): DayWindow {
  const last = dayStart(until) ?? Math.min(newest ?? now, now);
  return { first: dayText(dayStart(since) ?? daysBefore(last, WINDOW_LENGTHS[0] - 1)), last: dayText(last) };
}

/** The first of so many days that end with another one. */
export function firstDayOf(last: string, length: number): string {
  return dayText(daysBefore(dayStart(last) ?? 0, length - 1));
}

/** How many days a window has; none where it ends before it begins. */
export function lengthOf({ first, last }: DayWindow): number {
  const days = ((dayStart(last) ?? 0) - (dayStart(first) ?? 0)) / DAY_MS + 1;
  return Math.max(0, days);
}

/** The days of a window in at most 31 parts of equal length, of which the first may be shorter. */
export function partsOf(window: DayWindow): DayWindow[] {
  const length = lengthOf(window);
  const width = Math.ceil(length / MOST_BARS);
  const parts: DayWindow[] = [];
  const start = dayStart(window.first) ?? 0;
  for (let end = length; end > 0; end -= width) {
    const first = dayText(start + Math.max(0, end - width) * DAY_MS);
    parts.unshift({ first, last: dayText(start + (end - 1) * DAY_MS) });
  }
  return parts;
}

/** The day of UTC of a time that a person's clock can show, e.g. `2026-11-29`. */
export function dayText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function daysBefore(time: number, days: number): number {
  return Math.max(0, time - days * DAY_MS);
}
