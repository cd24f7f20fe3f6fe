import type { CountedField, SessionFilter, SessionStatus } from "@thulp-sessions/core";
import { calls } from "../../live/live.ts";
import { filterOf, type ListState, STATUSES } from "../../url/list-state.ts";
import { type DayWindow, partsOf } from "./day-window.ts";

/** Some days, and how many sessions of each status they have. */
export interface DayCount {
  readonly days: DayWindow;
  readonly total: number;
  readonly byStatus: ReadonlyMap<SessionStatus, number>;
}

/** Sessions by days and status. */
export interface DayCounts {
  /** In the order of time, without a gap. */
  readonly parts: readonly DayCount[];
  readonly total: number;
  /** Of the statuses that occur. */
  readonly byStatus: ReadonlyMap<SessionStatus, number>;
  /** Days with few sessions are missing: there are more than anybody can count in one go. */
  readonly more: boolean;
}

const PAGE = 1000;
/** Thirteen years, of each status. */
const MAX_PAGES = 5;

/** Counts the sessions of a list by days and by status. @param list says its days. */
export async function readDays(list: ListState, window: DayWindow, signal: AbortSignal): Promise<DayCounts> {
  const by = list.sort === "created" ? "createdDay" : "updatedDay";
  const filter = filterOf(list);
  const statuses = filter.status === undefined ? STATUSES : STATUSES.filter((each) => each === filter.status);
  const counts = await Promise.all(
    statuses.map(async (status) => [status, await countDays({ ...filter, status }, by, signal)] as const),
  );
  const byDay = counts.map(([status, { days }]) => [status, days] as const);
  const parts = partsOf(window).map((days) => countPart(days, byDay));
  const sums = byDay
    .map(([status, days]) => [status, sumOf(days.values())] as const)
    .filter(([, sum]) => sum > 0);
  return {
    parts,
    total: sumOf(sums.map(([, sum]) => sum)),
    byStatus: new Map(sums),
    more: counts.some(([, { more }]) => more),
  };
}

type Days = ReadonlyMap<string, number>;

function countPart(days: DayWindow, counts: readonly (readonly [SessionStatus, Days])[]): DayCount {
  const byStatus = new Map<SessionStatus, number>();
  for (const [status, byDay] of counts) {
    // As texts of one length they stand in the order of time.
    const inside = [...byDay].filter(([day]) => day >= days.first && day <= days.last);
    const sum = sumOf(inside.map(([, count]) => count));
    if (sum > 0) byStatus.set(status, sum);
  }
  return { days, total: sumOf(byStatus.values()), byStatus };
}

async function countDays(
  filter: SessionFilter,
  by: CountedField,
  signal: AbortSignal,
): Promise<{ readonly days: Days; readonly more: boolean }> {
  const days = new Map<string, number>();
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await calls().sessions.countBy.query({ filter, by, limit: PAGE, cursor }, { signal });
    for (const { value, count } of page.items) days.set(value, count);
    if (page.nextCursor === null) return { days, more: false };
    cursor = page.nextCursor;
  }
  return { days, more: true };
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
